/**
 * A call's questions to the storage. One that is away may hold its answers back for longer than the call may take, and a call
 * cannot tell that from a refusal.
 */
import { LIMITS } from '@bulkhead/protocol';
import { timerDelayMs } from '../base/timer.ts';

/** What was answered; not ok where the storage refused, or did not answer in time. */
export type StorageAnswer<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false };

/** Waits for an answer, at most for what is left of the call and `LIMITS.storage_answer_ms`. Never rejects. */
export async function answerInTime<Value>(asked: Promise<Value>, leftMs: number): Promise<StorageAnswer<Value>> {
  const { promise: late, resolve } = Promise.withResolvers<StorageAnswer<Value>>();
  const patienceMs = Math.min(leftMs, LIMITS.storage_answer_ms.value);
  const timer = setTimeout(() => resolve({ ok: false }), timerDelayMs(patienceMs));
  const answered = asked.then(
    (value) => ({ ok: true, value }) as const,
    () => ({ ok: false }) as const, // Why is said by the storage's own log.
  );
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}
