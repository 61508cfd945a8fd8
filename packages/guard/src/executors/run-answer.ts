/**
 * What a judge is told of a run, from what its executor says of it.
 */
import type { RunAnswer } from '../task/judged.ts';
import type { Execution } from './executor.ts';

/**
 * The answer of a run. One that ended badly and does not say how is an `exception`.
 *
 * @internal
 */
export function runAnswerOf(execution: Execution): RunAnswer {
  const { duration_ms: durationMs } = execution;
  if (execution.success) return { ok: true, value: execution.result ?? null, durationMs };
  const { error_type: kind = 'exception', error_code: code = kind, error = 'the run did not succeed' } = execution;
  return { ok: false, kind, code, message: error, durationMs };
}
