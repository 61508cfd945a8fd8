/**
 * Calls that wait for an instance, first come first served. Each leaves exactly once: to be served, by its deadline, by
 * its caller's abort, or because whoever keeps the queue answers all.
 */
import { timerDelayMs } from '../base/timer.ts';
import type { SandboxCall } from './sandbox.ts';

/** A call that waits; `queuedAt` is of the host's monotonic clock. */
export type WaitingCall<Reply> = {
  readonly call: SandboxCall;
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
export type WaitingCalls<Reply> = {
  readonly size: () => number;
  /** Resolves when the call is answered, here or by who took it. */
  readonly add: (call: SandboxCall, options: WaitOptions<Reply>) => Promise<Reply>;
  /** Takes the call that has waited longest; who takes it answers it. */
  readonly takeFirst: () => WaitingCall<Reply> | undefined;
  readonly answerAll: (reply: (waiting: WaitingCall<Reply>) => Reply) => void;
};

type Entry<Reply> = WaitingCall<Reply> & { readonly release: () => void };

/** Makes an empty queue. A set keeps the order, and lets a call leave from the middle in constant time. */
export function createWaitingCalls<Reply>(): WaitingCalls<Reply> {
  const entries = new Set<Entry<Reply>>();

  function leave(entry: Entry<Reply>): boolean {
    entry.release();
    return entries.delete(entry);
  }

  function add(call: SandboxCall, { queuedAt, onLate, onAbort }: WaitOptions<Reply>): Promise<Reply> {
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

  function takeFirst(): WaitingCall<Reply> | undefined {
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
