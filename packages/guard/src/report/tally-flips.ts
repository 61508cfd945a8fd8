/**
 * Cases of which the two sides differ: how many, and the first of them in words.
 */
import { canonicalJson } from '@bulkhead/protocol';
import { breaksResult, type EvaluatedPair, type EvaluatedSide } from '../evaluation/evaluated-pair.ts';
import { clipped } from '../task/json.ts';
import { RESULT_PROPERTY } from '../task/task.ts';
import type { ReportFlip } from './report.ts';
import type { TaskFacts } from './task-facts.ts';

/** Flips that a report tells; all are in the file of cases. */
const FLIPS_MAX = 100;
/** Characters of an answer, and names of what one flip broke. */
const ANSWER_MAX = 2_000;
const BROKEN_MAX = 20;

/** Flips of all cases. */
export type FlipTally = {
  readonly take: (pair: EvaluatedPair, passed: { readonly baseline: boolean; readonly candidate: boolean }) => void;
  /** Those from pass to fail first, in the order of the cases. */
  readonly flips: () => readonly ReportFlip[];
  readonly count: () => number;
};

/** Starts with no case. */
export function createFlipTally({ checks }: Pick<TaskFacts, 'checks'>): FlipTally {
  const kept: Record<ReportFlip['kind'], ReportFlip[]> = { pass_to_fail: [], fail_to_pass: [] };
  let count = 0;
  return {
    take: (pair, { baseline, candidate }) => {
      if (baseline === candidate) return;
      count += 1;
      const kind = baseline ? 'pass_to_fail' : 'fail_to_pass';
      if (kept[kind].length < FLIPS_MAX) kept[kind].push(flipOf(pair, kind, checks));
    },
    flips: () => [...kept.pass_to_fail, ...kept.fail_to_pass].slice(0, FLIPS_MAX),
    count: () => count,
  };
}

function flipOf(pair: EvaluatedPair, kind: ReportFlip['kind'], checks: TaskFacts['checks']): ReportFlip {
  const { case_id, case_index, args } = pair;
  return {
    case_id,
    case_index,
    kind,
    broken: brokenBy(kind === 'pass_to_fail' ? pair.candidate : pair.baseline, checks),
    args,
    baseline: answerOf(pair.baseline),
    candidate: answerOf(pair.candidate),
  };
}

/** Checks that it broke, then types of its failed runs, then checks whose own code failed on its answer; each once. */
function brokenBy(side: EvaluatedSide, checks: TaskFacts['checks']): readonly string[] {
  const violated = checks.filter(({ mode }, index) => mode === 'hard' && side.checks[index] === 'v');
  const names = [
    ...(breaksResult(side) ? [RESULT_PROPERTY] : []),
    ...violated.map(({ name }) => name),
    ...side.run_failures.map(({ kind }) => kind),
    ...side.faults.map(({ name }) => name),
  ];
  return [...new Set(names)].slice(0, BROKEN_MAX);
}

/** What a side answered, as JSON, or how it failed. */
function answerOf({ result }: EvaluatedSide): string {
  const { success, error, error_type } = result;
  if (success === true) return clipped(canonicalJson(result['result'] ?? null), ANSWER_MAX);
  const type = typeof error_type === 'string' ? error_type : 'failed';
  return clipped(typeof error === 'string' && error !== '' ? `${type}: ${error}` : type, ANSWER_MAX);
}
