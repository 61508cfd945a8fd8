/**
 * Step 6 of a call: does what came back fit the schema that the tool declares.
 */
import { callError } from '@bulkhead/protocol';
import { judgeOffer } from './judge-offer.ts';
import type { CallEnd, CallRun } from './call-run.ts';
import { toolOf, type ResolvedCall } from './resolve-call.ts';
import type { SandboxEnd } from './run-in-sandbox.ts';

/** Turns the sandbox's answer into the call's end; a result that does not fit its schema is `RESULT_INVALID`. */
export function judgeResult(run: CallRun, call: ResolvedCall, reply: SandboxEnd): CallEnd {
  if (!reply.ok) return { ok: false, error: reply.error, metadata: reply.metadata };
  // What it gave piece by piece was judged so.
  if (run.hasChunks && reply.value === null) return { ok: true, value: null, metadata: reply.metadata };
  const wrong = toolOf(call, run)?.checkResult?.(reply.value) ?? judgeOffer(run.task, reply.value);
  if (wrong !== undefined) return { ok: false, error: callError('RESULT_INVALID', { message: `result: ${wrong}` }) };
  return { ok: true, value: reply.value, metadata: reply.metadata };
}
