/**
 * A queue that is away: its database or its server does not answer. A worker waits for it, and never gives up what it has in its hands
 * because of it.
 */
import { HostError, type JudgeClock } from '@bulkhead/host';
import { ERRORS } from '@bulkhead/protocol';

/**
 * Time as a worker takes it: `now` is monotonic milliseconds; `startTimer` answers how to cancel.
 *
 * @public
 */
export type WorkerClock = Pick<JudgeClock, 'now' | 'startTimer'>;

/** Between two tries: the first pause, doubled each time, and the longest. */
export const PAUSE_MS = { first: 100, most: 10_000 } as const;

/** Tells whether an error of a queue may be gone at the next try: it is away, or has too much to do. */
export function isAway(error: unknown): boolean {
  return error instanceof HostError && ERRORS[error.code].retryable;
}

/** What was thrown, as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The pause before a try, by how many failed before it, from 1. */
export function pauseMs(failures: number): number {
  return Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** Math.min(failures - 1, DOUBLINGS_MAX));
}
// Beyond them it is the longest anyway.
const DOUBLINGS_MAX = 20;

/** Waits, or until a signal is aborted; never rejects. */
export function pause(delayMs: number, clock: WorkerClock, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal?.aborted === true) resolve();
  const end = (): void => {
    cancel();
    signal?.removeEventListener('abort', end);
    resolve();
  };
  const cancel = clock.startTimer(delayMs, end);
  signal?.addEventListener('abort', end, { once: true });
  return promise.finally(end);
}
