/**
 * What every executor does around a run, so that none of them rejects: it judges what it was asked, does not begin what was called off,
 * and answers what its own code throws.
 */
import type { JsonValue } from '@bulkhead/protocol';
import { nonJsonPlace } from '../task/json.ts';
import { failed, type Execution, type ExecutionErrorType } from './executor.ts';
import { cleanText, ERROR_CHARACTERS_MAX } from './texts.ts';

/**
 * Monotonic milliseconds; only differences mean something.
 *
 * @public
 */
export type RunClock = { readonly now: () => number };

/** A run as it was asked for; the fields are the arguments of `Executor.execute`. */
export type RunRequest = {
  readonly filePath: string;
  readonly funcName: string;
  readonly args: readonly JsonValue[];
  readonly timeoutS: number;
  readonly memMb: number;
  readonly signal: AbortSignal | undefined;
};

/** Ends a run from anywhere in its code; {@link settledRun} makes the answer of it. */
export class RunEnd extends Error {
  readonly type: ExecutionErrorType;

  constructor(type: ExecutionErrorType, message: string) {
    super(message);
    this.type = type;
  }
}

/** The longest a run may take: what a timer of Node's can wait for, less a day for what comes around it. */
const TIMEOUT_S_MAX = 2_000_000;

/**
 * Answers a run, whatever its code does: `cancelled` where it was called off before, `invalid_parameter` or `invalid_input` where it
 * cannot be run as asked, and `infrastructure` with what was thrown where our code breaks. All of these blame the executor.
 */
export async function settledRun(
  clock: RunClock,
  request: RunRequest,
  run: () => Promise<Execution>,
): Promise<Execution> {
  const startedAt = clock.now();
  try {
    const refusal = refusalOf(request);
    if (refusal !== undefined) throw refusal;
    return await run();
  } catch (error) {
    const type = error instanceof RunEnd ? error.type : 'infrastructure';
    const text = error instanceof Error ? error.message : 'something that is no error was thrown';
    const durationMs = Math.max(0, clock.now() - startedAt);
    return failed(type, cleanText(text, ERROR_CHARACTERS_MAX), { durationMs });
  }
}

/** How a run ends that was called off. */
export function calledOff(): RunEnd {
  return new RunEnd('cancelled', 'the run was called off');
}

function refusalOf({ args, timeoutS, memMb, signal }: RunRequest): RunEnd | undefined {
  if (signal?.aborted === true) return calledOff();
  if (!(timeoutS > 0 && timeoutS <= TIMEOUT_S_MAX))
    return new RunEnd(
      'invalid_parameter',
      `timeout_s is ${timeoutS}; expected a number above 0, at most ${TIMEOUT_S_MAX}`,
    );
  if (!(memMb > 0 && Number.isFinite(memMb)))
    return new RunEnd('invalid_parameter', `mem_mb is ${memMb}; expected a number above 0`);
  const place = nonJsonPlace(args, 'args');
  return place === undefined ? undefined : new RunEnd('invalid_input', `${place}; expected JSON`);
}
