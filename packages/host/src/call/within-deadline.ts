/**
 * Lets a call wait for something that others may wait for too: the call's deadline or cancellation ends its own wait,
 * never the work.
 */
import { callError, type CallError } from '@bulkhead/protocol';
import { timerDelayMs } from '../base/timer.ts';

/** What is left of a call: `leftMs` until its deadline, `timeoutMs` as its caller was promised, for the message. */
export type CallTime = {
  readonly leftMs: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
};

/** What was waited for, or how the call ends instead. */
export type Waited<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: CallError };

/** Waits for the work, at most until the call is over (`CALL_TIMEOUT`, `CALL_CANCELLED`). Rejects where the work does. */
export async function withinDeadline<Value>(work: Promise<Value>, time: CallTime): Promise<Waited<Value>> {
  const { leftMs, timeoutMs: allowed, signal } = time;
  if (signal?.aborted === true) return { ok: false, error: callError('CALL_CANCELLED') };
  const over = Promise.withResolvers<Waited<Value>>();
  const giveUp = (error: CallError): void => over.resolve({ ok: false, error });
  const cancel = (): void => giveUp(callError('CALL_CANCELLED'));
  const timer = setTimeout(() => giveUp(timedOut(allowed)), timerDelayMs(leftMs));
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await Promise.race([work.then((value) => ({ ok: true, value }) as const), over.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
}

function timedOut(allowed: number): CallError {
  return callError('CALL_TIMEOUT', {
    message: `the plugin was not ready before the call's ${allowed} ms were over`,
    limit: { name: 'timeout_ms', allowed, observed: allowed, unit: 'ms' },
  });
}
