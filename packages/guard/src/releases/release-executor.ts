/**
 * Runs a release's tools for an evaluation: each case is one call, and what the tool declares, an error too, is a result, which the task
 * judges. Of a guest that comes to an end the release is to blame; of a sandbox without a guest nobody is.
 */
import type { Harness } from '@bulkhead/host';
import { isJsonObject, type JsonValue, type OutcomeKind } from '@bulkhead/protocol';
import { failed, type Execution, type ExecutionErrorType, type Executor } from '../executors/executor.ts';
import { askRelease, toResult, type Asked, type ReleaseCall } from './answer.ts';

/** Makes it. `isCase` tells which calls may be run: whatever else is asked, such as a smaller case, has no answer to be held against. */
export function createReleaseExecutor(harness: Pick<Harness, 'run'>, isCase: (call: ReleaseCall) => boolean): Executor {
  return {
    about: { name: 'release', config: {}, isDeterministic: false },
    // oxlint-disable-next-line max-params -- The signature is the contract's (F002-6).
    execute: async (_path, _function, args, _timeoutS, _memMb, { signal } = {}) => {
      const call = callOf(args);
      if (call === undefined || !isCase(call))
        return failed('invalid_parameter', 'it is none of the cases', { durationMs: 0 });
      return executionOf(await askRelease(harness, { ...call, signal }));
    },
  };
}

function callOf([call]: readonly JsonValue[]): ReleaseCall | undefined {
  if (call === undefined || !isJsonObject(call)) return undefined;
  const { tool, params } = call;
  return typeof tool === 'string' && params !== undefined && isJsonObject(params) ? { tool, params } : undefined;
}

/** Nothing that was printed goes along: it must not count, and is of no use to whoever reads a report of tools. */
function executionOf({ answer, report }: Asked): Execution {
  const { duration_ms: durationMs, cpu_ms, peak_rss_bytes } = report;
  const measured = { ...(cpu_ms !== null && { cpu_ms }), ...(peak_rss_bytes !== null && { peak_rss_bytes }) };
  if (answer.kind === 'fault' || answer.kind === 'unrun') {
    const type = answer.kind === 'fault' ? TYPES[answer.how] : undefined;
    return { ...failed(type ?? unrunType(answer.how), answer.why, { durationMs }), ...measured };
  }
  return { success: true, result: toResult(answer), duration_ms: durationMs, stdout: '', stderr: '', ...measured };
}

const TYPES: Partial<Readonly<Record<OutcomeKind, ExecutionErrorType>>> = {
  invalid_output: 'parse_error',
  output_too_large: 'parse_error',
  protocol_violation: 'parse_error',
  timeout: 'timeout',
  out_of_memory: 'out_of_memory',
  crashed: 'process_exit',
};

function unrunType(how: OutcomeKind): ExecutionErrorType {
  return how === 'cancelled' ? 'cancelled' : 'infrastructure';
}
