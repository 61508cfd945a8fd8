/**
 * How those who wait in this process are woken. A bell has a name; whoever waits for it enters first, then looks, and only then waits, so
 * that what rings in between is not missed.
 */
import { HostError } from '@bulkhead/host';
import type { QueueTime } from './tasks.ts';

/** One who waits. */
export type Waiter = Disposable & {
  /**
   * Resolves when the bell has rung since it was entered or last waited for, when the time is over, and when the signal is aborted.
   *
   * @throws {HostError} `STORAGE_UNAVAILABLE` once the bells are closed.
   */
  readonly rung: (waitMs: number, signal?: AbortSignal) => Promise<void>;
};

/** The bells of a queue. */
export type Bells = {
  readonly enter: (name: string) => Waiter;
  readonly ring: (name: string) => void;
  /** Rings all: anything may have been missed. */
  readonly ringAll: () => void;
  /** Ends every wait, now and later. */
  readonly close: () => void;
};

type Ear = { hasRung: boolean; wake: (() => void) | undefined };

/** Makes bells of which nobody waits for any. */
export function createBells(startTimer: QueueTime['startTimer']): Bells {
  const ears = new Map<string, Set<Ear>>();
  let isClosed = false;
  const wake = (ear: Ear): void => {
    ear.hasRung = true;
    ear.wake?.();
  };
  const ringAll = (): void => [...ears.values()].flatMap((each) => [...each]).forEach(wake);

  async function rung(ear: Ear, waitMs: number, signal?: AbortSignal): Promise<void> {
    if (!ear.hasRung && !isClosed && signal?.aborted !== true) {
      const { promise, resolve } = Promise.withResolvers<void>();
      ear.wake = resolve;
      const stop = (): void => resolve();
      const stopTimer = startTimer(Math.max(waitMs, 0), stop);
      signal?.addEventListener('abort', stop);
      await promise;
      stopTimer();
      signal?.removeEventListener('abort', stop);
      ear.wake = undefined;
    }
    if (isClosed) throw closedQueue();
    ear.hasRung = false;
  }

  return {
    enter: (name) => {
      const ear: Ear = { hasRung: false, wake: undefined };
      const own = ears.get(name) ?? new Set();
      ears.set(name, own.add(ear));
      const leave = (): void => {
        own.delete(ear);
        if (own.size === 0 && ears.get(name) === own) ears.delete(name);
      };
      return { rung: (waitMs, signal) => rung(ear, waitMs, signal), [Symbol.dispose]: leave };
    },
    ring: (name) => ears.get(name)?.forEach(wake),
    ringAll,
    close: () => {
      isClosed = true;
      ringAll();
    },
  };
}

/** What everybody is told who uses a queue that has been closed. */
export function closedQueue(): HostError {
  return new HostError('STORAGE_UNAVAILABLE', { message: 'the queue of tasks has been closed' });
}
