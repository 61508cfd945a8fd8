/**
 * Tallies evaluated cases, one after another, into everything in a report that follows from them alone: what is taken is not kept, so
 * that 10,000 cases take some megabytes.
 *
 *   take(pair) ─▶ executions, times ─▶ does it count? ─no──▶ excluded, by why
 *                                            └────────yes─▶ roles, table, flips, checks, metrics, clusters
 */
import type { EvaluatedPair } from '../evaluation/evaluated-pair.ts';
import { clipped } from '../task/json.ts';
import type { PairedTable } from '../statistics/pairs.ts';
import { countPair } from './count-pair.ts';
import { createNumberColumn } from './number-column.ts';
import { clusterFigures, clusterMeans, differenceFigures } from './paired-statistics.ts';
import type { Report } from './report.ts';
import { createCheckTally } from './tally-checks.ts';
import { createFlipTally } from './tally-flips.ts';
import { createMetricTally } from './tally-metrics.ts';
import { createRoleTally } from './tally-roles.ts';
import { createTimingTally } from './tally-timing.ts';
import type { TaskFacts } from './task-facts.ts';

/** Flaky cases, and faults of the task and the sandbox, that a report names. */
const FLAKY_MAX = 100;
const FAULTS_MAX = 20;
const FAULT_CHARACTERS_MAX = 500;

/**
 * What follows from cases alone, under the keys of a report. `flaky_cases` counts all of those of which `flaky` names the first.
 *
 * @public
 */
export type TallyTotals = Pick<
  Report,
  | 'baseline'
  | 'candidate'
  | 'pairs'
  | 'delta_pass_rate'
  | 'delta_ci'
  | 'relative_risk'
  | 'relative_risk_ci'
  | 'flips'
  | 'flip_count'
  | 'flaky'
  | 'relation_coverage'
  | 'metrics'
  | 'faults'
> & {
  readonly statistics: Omit<Report['statistics'], 'log_e' | 'confidence_sequence'>;
  readonly flaky_cases: number;
  readonly timing: Pick<Report['timing'], 'baseline' | 'candidate'>;
};

/**
 * Cases of one run. One owner takes them in, in the order of the cases: of flips, flaky cases and faults the first are kept.
 *
 * @public
 */
export interface Tally {
  readonly take: (pair: EvaluatedPair) => void;
  /** How many cases counted so far, by whom they passed. */
  readonly table: () => PairedTable;
  /** Mean differences of clusters so far; undefined where each case stands for itself. */
  readonly clusters: () => readonly number[] | undefined;
  /** All figures so far; bootstraps each metric, which takes a tenth of a second for 10,000 cases. */
  readonly totals: () => TallyTotals;
}

/**
 * Starts with no case.
 *
 * @public
 */
export function createTally(facts: TaskFacts): Tally {
  const parts = {
    baseline: createRoleTally(facts),
    candidate: createRoleTally(facts),
    timing: createTimingTally(),
    checks: createCheckTally(facts),
    metrics: createMetricTally(facts),
    flips: createFlipTally(facts),
    clusters: createClusterTally(),
    notes: createNotes(),
  };
  const table = { both: 0, onlyCandidate: 0, onlyBaseline: 0, neither: 0 };
  const excluded = { sandbox: 0, task_fault: 0 };
  return {
    take: (pair) => {
      parts.baseline.ran(pair.baseline);
      parts.candidate.ran(pair.candidate);
      parts.timing.take(pair);
      parts.notes.take(pair);
      const counted = countPair(pair);
      if (counted.kind === 'excluded') {
        excluded[counted.reason] += 1;
        return;
      }
      table[cellOf(counted)] += 1;
      parts.baseline.counted(pair.baseline, counted.baseline);
      parts.candidate.counted(pair.candidate, counted.candidate);
      parts.checks.take(pair);
      parts.metrics.take(pair);
      parts.flips.take(pair, counted);
      parts.clusters.take(pair.cluster, pair.candidate.pass_share - pair.baseline.pass_share);
    },
    table: () => ({ ...table }),
    clusters: parts.clusters.means,
    totals: () => totalsOf({ parts, table, excluded, margin: facts.margin }),
  };
}

type Parts = {
  readonly baseline: ReturnType<typeof createRoleTally>;
  readonly candidate: ReturnType<typeof createRoleTally>;
  readonly timing: ReturnType<typeof createTimingTally>;
  readonly checks: ReturnType<typeof createCheckTally>;
  readonly metrics: ReturnType<typeof createMetricTally>;
  readonly flips: ReturnType<typeof createFlipTally>;
  readonly clusters: ReturnType<typeof createClusterTally>;
  readonly notes: ReturnType<typeof createNotes>;
};

type Counted = {
  readonly parts: Parts;
  readonly table: PairedTable;
  readonly excluded: Readonly<Record<string, number>>;
  readonly margin: number;
};

function totalsOf({ parts, table, excluded, margin }: Counted): TallyTotals {
  const { statistics, ...difference } = differenceFigures(table, margin);
  return {
    baseline: parts.baseline.totals(),
    candidate: parts.candidate.totals(),
    pairs: {
      both: table.both,
      only_candidate: table.onlyCandidate,
      only_baseline: table.onlyBaseline,
      neither: table.neither,
      excluded: { ...excluded },
    },
    ...difference,
    statistics: { ...statistics, clusters: parts.clusters.figures() },
    flips: parts.flips.flips(),
    flip_count: parts.flips.count(),
    ...parts.notes.notes(),
    relation_coverage: parts.checks.coverage(),
    metrics: parts.metrics.metrics(),
    timing: parts.timing.totals(),
  };
}

function cellOf({
  baseline,
  candidate,
}: {
  readonly baseline: boolean;
  readonly candidate: boolean;
}): keyof PairedTable {
  if (baseline) return candidate ? 'both' : 'onlyBaseline';
  return candidate ? 'onlyCandidate' : 'neither';
}

function createClusterTally(): {
  readonly take: (cluster: string, difference: number) => void;
  readonly means: () => readonly number[] | undefined;
  readonly figures: () => Report['statistics']['clusters'];
} {
  const numbers = new Map<string, number>();
  const [differences, clusters] = [createNumberColumn(), createNumberColumn()];
  let hasShares = false;
  return {
    take: (cluster, difference) => {
      const number = numbers.get(cluster) ?? numbers.size;
      numbers.set(cluster, number);
      clusters.push(number);
      differences.push(difference);
      hasShares ||= !Number.isInteger(difference);
    },
    means: () => {
      const isOfItself = numbers.size === differences.length() && !hasShares;
      return isOfItself ? undefined : clusterMeans(differences.values(), clusters.values());
    },
    figures: () => clusterFigures(differences.values(), clusters.values()),
  };
}

/** What is told in words: flaky cases, what went wrong in the task's own code, and why cases could not be run, each text once. */
function createNotes(): {
  readonly take: (pair: EvaluatedPair) => void;
  readonly notes: () => Pick<TallyTotals, 'flaky' | 'flaky_cases' | 'faults'>;
} {
  const flaky: Report['flaky'][number][] = [];
  const faults = new Set<string>();
  const note = (fault: string): void => {
    if (faults.size < FAULTS_MAX) faults.add(fault);
  };
  let flakyCases = 0;
  return {
    take: (pair) => {
      if (pair.flaky.length > 0) {
        flakyCases += 1;
        if (flaky.length < FLAKY_MAX) flaky.push({ case_id: pair.case_id, roles: [...pair.flaky] });
      }
      for (const { kind, name, message } of [...pair.baseline.faults, ...pair.candidate.faults]) {
        note(`${kind} "${name}": ${message}`);
      }
      for (const role of ['baseline', 'candidate'] as const) {
        const { grade, result } = pair[role];
        if (grade === 'unrun') note(`${role} could not be run: ${clipped(whyUnrun(result), FAULT_CHARACTERS_MAX)}`);
      }
    },
    notes: () => ({ flaky: [...flaky], flaky_cases: flakyCases, faults: [...faults] }),
  };
}

function whyUnrun({ error }: EvaluatedPair['candidate']['result']): string {
  return typeof error === 'string' && error !== '' ? error : 'the executor does not say why';
}
