/**
 * One case as both implementations did it: a line of the file of cases, and all that tallies, monitors and reports see of it.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { RunFailure, TaskFault, Violation } from '../task/judged.ts';

/**
 * One side of a case. `grade`: every check held; one broke, or a run failed; the task's own code failed; or the executor did
 * (`unrun`), which says nothing of the implementation. `checks` are states of the task's properties and then relations, in its order, one letter each:
 * `h` held, `v` violated, `s` skipped, `u` unreached, `r` run failed, `f` fault.
 *
 * @public
 */
export type EvaluatedSide = {
  readonly grade: 'passed' | 'failed' | 'ungraded' | 'unrun';
  /** Of its repeats: how many passed, from 0 to 1. */
  readonly pass_share: number;
  /** The first run, as monitors are told of it (`MonitorRecord.result`), without what it printed. */
  readonly result: JsonObject;
  readonly duration_ms: number;
  readonly checks: string;
  /** Cut at what is left of the run's `violation_cap`; `violation_count` is not. */
  readonly violations: readonly Violation[];
  readonly violation_count: number;
  readonly run_failures: readonly RunFailure[];
  readonly faults: readonly TaskFault[];
  /** Executions, follow-ups and retries with them, and how many of them ended for no reason of the implementation. */
  readonly executions: number;
  readonly sandbox_failures: number;
  /** By name, in the task's order; null where it was not taken. */
  readonly metrics: Readonly<Record<string, number | null>>;
};

/**
 * Both sides. `first` was run first; `args` is canonical JSON, redacted and cut at 2,000 characters; `cluster` is what the statistics count it
 * to. `flaky` names sides that answered otherwise when they were asked again. `regression` is what the candidate broke every time it was asked; null where it
 * broke nothing that the baseline keeps, was not asked again, or is flaky.
 *
 * @public
 */
export type EvaluatedPair = {
  readonly case_index: number;
  readonly case_id: string;
  readonly cluster: string;
  readonly args: string;
  readonly first: 'baseline' | 'candidate';
  readonly baseline: EvaluatedSide;
  readonly candidate: EvaluatedSide;
  readonly flaky: readonly ('baseline' | 'candidate')[];
  readonly regression: {
    readonly kind: 'property' | 'relation' | 'run';
    readonly name: string;
    readonly message: string;
  } | null;
};

/** Whether its answer was no result at all: that is the only violation without a letter in `checks`. */
export function breaksResult({ checks, violation_count }: Pick<EvaluatedSide, 'checks' | 'violation_count'>): boolean {
  return violation_count > 0 && !checks.includes('v');
}
