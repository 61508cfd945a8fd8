/**
 * Calls that wait for their client to answer what it was asked, by the state that it was given for them. The state is a random word:
 * whoever does not hold it, or acts for somebody else, finds nothing. A call ends by its own time, and is forgotten then.
 */
import { randomUUID } from 'node:crypto';
import type { RunningCall } from './running-call.ts';

/** The table. */
export type WaitingCalls = {
  /** Keeps a call until it is taken or has ended; answers its state. `owner` is for whom it waits. */
  readonly keep: (call: RunningCall, owner: string) => string;
  readonly take: (state: string, owner: string) => RunningCall | undefined;
};

/** Makes it. */
export function createWaitingCalls(): WaitingCalls {
  const waiting = new Map<string, { readonly call: RunningCall; readonly owner: string }>();
  return {
    keep: (call, owner) => {
      const state = randomUUID();
      waiting.set(state, { call, owner });
      void call.ended().then(() => waiting.delete(state));
      return state;
    },
    take: (state, owner) => {
      const found = waiting.get(state);
      if (found?.owner !== owner) return undefined;
      waiting.delete(state);
      return found.call;
    },
  };
}
