/**
 * Ctrl-C and SIGTERM, the first time: what runs is cancelled, and the verb says what was kept. A second one ends the process.
 */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Fires at the first signal; `exitCode` is then what the process ends with. */
export type Interrupt = { readonly signal: AbortSignal; readonly exitCode: () => number };

/** Listens from now on. */
export function listenForInterrupt(): Interrupt {
  const cancelled = new AbortController();
  let code: number = SIGNALS.SIGINT;
  for (const [name, exit] of Object.entries(SIGNALS)) {
    process.once(name, () => {
      code = exit;
      cancelled.abort();
    });
  }
  return { signal: cancelled.signal, exitCode: () => code };
}
