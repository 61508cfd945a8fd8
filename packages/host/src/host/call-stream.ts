/**
 * A call whose result is read piece by piece: what has come waits here for its reader, who decides how fast the plugin goes on.
 */
import type { Outcome } from '@bulkhead/protocol';
import type { CallStream } from '../host-api.ts';
import type { CallListener, Chunk } from '../sandbox/sandbox.ts';

type Arrived = { readonly chunk: Chunk; readonly didTake: () => void };

/** Starts the call by `run`, which never rejects; a reader that stops before the end cancels it. */
export function openCallStream(
  run: (onChunk: NonNullable<CallListener['onChunk']>, signal: AbortSignal) => Promise<Outcome>,
  signal: AbortSignal | undefined,
): CallStream {
  const stopping = new AbortController();
  const arrived: Arrived[] = [];
  let wake = (): void => undefined;
  let isOver = false;

  function onChunk(chunk: Chunk, didTake: () => void): undefined {
    arrived.push({ chunk, didTake });
    wake();
  }

  /** The next piece; undefined once there is none and none will come. */
  async function take(): Promise<Arrived | undefined> {
    while (arrived.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve));
    return arrived.shift();
  }

  async function* read(): AsyncGenerator<Chunk, void, undefined> {
    try {
      for (let next = await take(); next !== undefined; next = await take()) {
        next.didTake();
        yield next.chunk;
      }
    } finally {
      stopping.abort();
    }
  }

  const signals = signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]);
  const outcome = run(onChunk, signals).finally(() => {
    isOver = true;
    wake();
  });
  const chunks = read();
  return { outcome, [Symbol.asyncIterator]: () => chunks };
}
