/**
 * Calls that wait for room, first come first served. Each leaves exactly once: to be served, by its deadline, by its
 * caller's abort, or because whoever keeps the queue answers all.
 */
import { timerDelayMs } from './timer.ts';

/** What a queue needs to know of a call; `deadline` is of the host's monotonic clock. */
export type Patience = { readonly deadline: number; readonly signal: AbortSignal | undefined };

/** A call that waits; `queuedAt` is of the host's monotonic clock. */
export type WaitingCall<Call extends Patience, Reply> = {
  readonly call: Call;
  readonly queuedAt: number;
  readonly resolve: (reply: Reply) => void;
};

/** What a call that leaves by itself is answered. */
export type WaitOptions<Reply> = {
  readonly queuedAt: number;
  readonly onLate: () => Reply;
  readonly onAbort: () => Reply;
};

/** The queue. It does not bound itself: see {@link WaitingCalls.size}. */
export type WaitingCalls<Call extends Patience, Reply> = {
  readonly size: () => number;
  /** Resolves when the call is answered, here or by who took it. */
  readonly add: (call: Call, options: WaitOptions<Reply>) => Promise<Reply>;
  /** Takes the call that has waited longest; who takes it answers it. */
  readonly takeFirst: () => WaitingCall<Call, Reply> | undefined;
  readonly answerAll: (reply: (waiting: WaitingCall<Call, Reply>) => Reply) => void;
};

type Entry<Call extends Patience, Reply> = WaitingCall<Call, Reply> & { readonly release: () => void };

/** Makes an empty queue. A set keeps the order, and lets a call leave from the middle in constant time. */
export function createWaitingCalls<Call extends Patience, Reply>(): WaitingCalls<Call, Reply> {
  const entries = new Set<Entry<Call, Reply>>();

  function leave(entry: Entry<Call, Reply>): boolean {
    entry.release();
    return entries.delete(entry);
  }

  function add(call: Call, { queuedAt, onLate, onAbort }: WaitOptions<Reply>): Promise<Reply> {
    return new Promise((resolve) => {
      const late = (): void => void (leave(entry) && resolve(onLate()));
      const abort = (): void => void (leave(entry) && resolve(onAbort()));
      const timer = setTimeout(late, timerDelayMs(call.deadline - queuedAt));
      const release = (): void => {
        clearTimeout(timer);
        call.signal?.removeEventListener('abort', abort);
      };
      const entry = { call, queuedAt, resolve, release };
      call.signal?.addEventListener('abort', abort, { once: true });
      entries.add(entry);
    });
  }

  function takeFirst(): WaitingCall<Call, Reply> | undefined {
    const [first] = entries;
    if (first !== undefined) leave(first);
    return first;
  }

  return {
    size: () => entries.size,
    add,
    takeFirst,
    answerAll: (reply) => {
      for (const entry of entries) if (leave(entry)) entry.resolve(reply(entry));
    },
  };
}
