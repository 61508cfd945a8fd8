/**
 * What an evaluation is asked for, and what holds where something is left out (X002-5).
 */
import type { StartTimer } from '@bulkhead/host';
import type { JsonObject } from '@bulkhead/protocol';
import { createHash } from 'node:crypto';
import { GuardError } from '../guard-error.ts';
import type { Policy } from '../decision/policy.ts';
import { DEFAULT_POLICY } from '../decision/policy.ts';
import type { Executor } from '../executors/executor.ts';
import { createRedaction, type Redact } from '../report/redact.ts';
import type { Case } from '../task/cases.ts';
import type { Task } from '../task/task.ts';
import type { CaseJournal } from './case-journal.ts';

/**
 * One side: what is handed to the executor as `file_path`, its text, which is what is hashed, and who runs it. Each side has an executor of its own, so that
 * neither can find anything of the other where it runs.
 *
 * @public
 */
export type Implementation = {
  readonly filePath: string;
  readonly text: string;
  readonly executor: Executor;
  /** As it stands in the report. */
  readonly executorName: string;
};

/**
 * How far an evaluation is: cases that are done of those that were asked for, cells of the table so far, regressions that were confirmed.
 *
 * @public
 */
export type EvaluationProgress = {
  readonly done: number;
  readonly total: number;
  readonly onlyBaseline: number;
  readonly onlyCandidate: number;
  readonly regressions: number;
};

/**
 * The request. Left out: 400 cases of seed 42 made by the task, function `solve`, 2 s and 512 MiB for each run, one case at a time, one
 * run of each case, the default policy, no monitors. `cases` take the place of `n`. `sequential` ends as soon as the policy is
 * decided, and is what a policy that plans looks asks for; `fixed` runs every case.
 *
 * @public
 */
export type EvaluateRequest = {
  readonly task: Task;
  readonly baseline: Implementation;
  readonly candidate: Implementation;
  readonly n?: number;
  readonly seed?: number;
  readonly cases?: readonly Case[];
  /** Where `cases` came from, for the report. */
  readonly casesFrom?: string;
  readonly func?: string;
  readonly timeoutS?: number;
  readonly memMb?: number;
  /** Cases at once. */
  readonly parallel?: number;
  /** Runs of each case by each side; a case counts by the share of them that passed. */
  readonly repeats?: number;
  readonly mode?: 'fixed' | 'sequential';
  readonly violationCap?: number;
  readonly policy?: Policy;
  readonly monitors?: readonly unknown[];
  readonly signal?: AbortSignal;
  /** Where cases are kept as they are done, and taken from when an evaluation goes on. */
  readonly journal?: CaseJournal;
  readonly onProgress?: (progress: EvaluationProgress) => void;
  readonly facts?: ReportFacts;
  /** What is taken out of every text that is kept; key-like texts where it is left out (X002-13). */
  readonly redact?: Redact;
};

/**
 * What whoever asks knows, for the report: where it ran, versions, the command that asks again, the file of cases, an id of the run.
 *
 * @public
 */
export type ReportFacts = {
  readonly environment?: JsonObject;
  readonly provenance?: JsonObject;
  readonly command?: string;
  readonly casesFile?: string;
  readonly runId?: string;
};

/**
 * Time, which an evaluation takes from whoever calls: monotonic milliseconds, milliseconds since 1970, and a timer.
 *
 * @public
 */
export type EvaluationClock = {
  readonly now: () => number;
  readonly wallTime: () => number;
  readonly startTimer: StartTimer;
};

/** The request with every default filled in. */
export type EvaluationPlan = Required<Omit<EvaluateRequest, 'n' | 'cases' | 'signal' | 'journal' | 'onProgress'>> &
  Pick<EvaluateRequest, 'signal' | 'journal' | 'onProgress'> & { readonly cases: readonly Case[] };

/** More lanes than this are no cores of anybody. */
const PARALLEL_MAX = 256;
const REPEATS_MAX = 100;
const TIMEOUT_S_MAX = 600;

/**
 * Fills in the defaults.
 *
 * @throws {GuardError} `EVALUATION_INVALID` where a number is out of its range, or there is no case.
 */
export function planOf(
  request: EvaluateRequest,
  makeCases: (of: { n: number; seed: number }) => readonly Case[],
): EvaluationPlan {
  const { seed = 42, n = 400 } = request;
  insist('parallel', request.parallel, [1, PARALLEL_MAX]);
  insist('repeats', request.repeats, [1, REPEATS_MAX]);
  insist('violationCap', request.violationCap, [0, Number.MAX_SAFE_INTEGER]);
  insist('memMb', request.memMb, [32, Number.MAX_SAFE_INTEGER]);
  const { timeoutS = 2 } = request;
  if (!(timeoutS > 0 && timeoutS <= TIMEOUT_S_MAX)) {
    throw invalid(`timeoutS is ${timeoutS}; expected seconds above 0 up to ${TIMEOUT_S_MAX}`);
  }
  const cases = request.cases ?? makeCases({ n, seed });
  if (cases.length === 0) throw invalid('there is no case; expected at least one');
  const { policy = DEFAULT_POLICY } = request;
  return {
    ...{ memMb: 512, parallel: 1, repeats: 1, func: 'solve' },
    ...{ policy, mode: modeOf(policy), violationCap: policy.violationCap },
    ...{
      monitors: [],
      facts: {},
      redact: createRedaction(),
      casesFrom: request.cases === undefined ? 'task' : 'given',
    },
    ...withoutUndefined(request),
    ...{ seed, timeoutS, cases },
  };
}

/** A policy that plans looks is looked at when it says. */
function modeOf(policy: Policy): EvaluationPlan['mode'] {
  return policy.kind === 'evidence' && policy.looks.kind !== 'every_pair' ? 'sequential' : 'fixed';
}

function insist(name: string, value: number | undefined, [least, most]: readonly [number, number]): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return;
  throw invalid(`${name} is ${value}; expected a whole number from ${least} to ${most}`);
}

function invalid(message: string): GuardError {
  return new GuardError('EVALUATION_INVALID', message);
}

function withoutUndefined<T extends object>(given: T): { readonly [Key in keyof T]: Exclude<T[Key], undefined> } {
  // What is left has no undefined member.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}

/** SHA-256 of a text, in hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
