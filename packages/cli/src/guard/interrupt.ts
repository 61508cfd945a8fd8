/**
 * Ctrl-C and SIGTERM, the first time: what runs is cancelled, and the verb says what was kept. A second one ends the process.
 */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Fires at the first signal; `exitCode` is then what the process ends with. Whoever disposes of it listens no longer. */
export type Interrupt = Disposable & { readonly signal: AbortSignal; readonly exitCode: () => number };

/** Listens from now on. */
export function listenForInterrupt(): Interrupt {
  const cancelled = new AbortController();
  let code: number = SIGNALS.SIGINT;
  const listening = new DisposableStack();
  for (const [name, exit] of Object.entries(SIGNALS)) {
    const interrupt = (): void => {
      code = exit;
      cancelled.abort();
    };
    process.once(name, interrupt);
    listening.defer(() => process.off(name, interrupt));
  }
  return { signal: cancelled.signal, exitCode: () => code, [Symbol.dispose]: () => listening.dispose() };
}
