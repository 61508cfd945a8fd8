/**
 * Who hears of a call before it ends: how far it is, what its plugin logs, and what it gives piece by piece. Each piece is judged like a
 * result. One that is `isWhole`, since hooks are to see it or since whoever asks again is to be answered it, is not given in pieces.
 */
import { callError, type CallError } from '@bulkhead/protocol';
import type { CallListener, Chunk } from '../sandbox/sandbox.ts';
import type { CallRun } from './call-run.ts';
import { toolOf, type ResolvedCall } from './resolve-call.ts';

/** Makes the listener of a call that is about to run; undefined where nobody listens. */
export function listen(run: CallRun, call: ResolvedCall, isWhole: boolean): CallListener | undefined {
  const { listener } = run.task;
  const onChunk = listener?.onChunk;
  if (onChunk === undefined || isWhole) return listener && { ...listener, onChunk: undefined };
  return {
    ...listener,
    onChunk: (chunk, didTake) => {
      const refusal = judgeChunk(run, call, chunk);
      if (refusal !== undefined) return refusal;
      run.hasChunks = true;
      return onChunk(chunk, didTake);
    },
  };
}

/** Bytes have no schema to fit: what they are is the tool's and its caller's affair. */
function judgeChunk(run: CallRun, call: ResolvedCall, chunk: Chunk): CallError | undefined {
  if (chunk instanceof Uint8Array) return undefined;
  const wrong = toolOf(call, run)?.checkChunk?.(chunk);
  return wrong === undefined ? undefined : callError('RESULT_INVALID', { message: `a chunk: ${wrong}` });
}
