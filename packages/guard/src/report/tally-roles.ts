/**
 * Sums one side of all cases: how often it passed, what it broke, and what its runs came to.
 */
import { breaksResult, type EvaluatedSide } from '../evaluation/evaluated-pair.ts';
import { noFailureBound, wilsonInterval } from '../statistics/proportions/proportions.ts';
import type { RoleTotals } from './report.ts';
import type { TaskFacts } from './task-facts.ts';

/** Types of failed runs that are told apart; an executor may be foreign, and makes up its own. */
const FAILURE_TYPES_MAX = 50;

/** Totals of one side. */
export type RoleTally = {
  /** Counts what was executed for a case, whether it counts or not. */
  readonly ran: (side: EvaluatedSide) => void;
  /** Counts a case that counts. */
  readonly counted: (side: EvaluatedSide, passed: boolean) => void;
  readonly totals: () => RoleTotals;
};

/** Starts with nothing. */
export function createRoleTally({ checks }: Pick<TaskFacts, 'checks'>): RoleTally {
  const failures = new Map<string, number>();
  const violations = { hard: 0, soft: 0, relation: 0 };
  const runs = { executions: 0, sandboxFailures: 0, passes: 0, total: 0 };
  return {
    ran: ({ executions, sandbox_failures }) => {
      runs.executions += executions;
      runs.sandboxFailures += sandbox_failures;
    },
    counted: (side, passed) => {
      runs.total += 1;
      runs.passes += passed ? 1 : 0;
      for (const { kind } of side.run_failures) countFailure(failures, kind);
      if (breaksResult(side)) violations.hard += 1;
      for (const [index, { kind, mode }] of checks.entries()) {
        if (side.checks[index] === 'v') violations[kind === 'relation' ? 'relation' : mode] += 1;
      }
    },
    totals: () => ({
      ...passFigures(runs.passes, runs.total),
      prop_violations: violations.hard,
      mr_violations: violations.relation,
      soft_violations: violations.soft,
      run_failures: Object.fromEntries([...failures].toSorted(([one], [other]) => (one < other ? -1 : 1))),
      executions: runs.executions,
      sandbox_failures: runs.sandboxFailures,
    }),
  };
}

function countFailure(failures: Map<string, number>, type: string): void {
  const known = failures.has(type) || failures.size < FAILURE_TYPES_MAX ? type : 'other';
  failures.set(known, (failures.get(known) ?? 0) + 1);
}

/** Where nothing failed the rate is 1 and the bound says what that is worth; where nothing was counted there is no rate. */
function passFigures(
  passes: number,
  total: number,
): Pick<RoleTotals, 'passes' | 'total' | 'pass_rate' | 'pass_interval' | 'failure_bound'> {
  if (total === 0) return { passes, total, pass_rate: null, pass_interval: null, failure_bound: null };
  return {
    passes,
    total,
    pass_rate: passes / total,
    pass_interval: wilsonInterval(passes, total),
    failure_bound: passes === total ? noFailureBound(total) : null,
  };
}
