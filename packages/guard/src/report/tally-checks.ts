/**
 * Counts what became of each property and relation on both sides, and how sure a difference between the two is.
 */
import type { EvaluatedPair } from '../evaluation/evaluated-pair.ts';
import { benjaminiHochberg } from '../statistics/looks/multiplicity.ts';
import { mcnemar } from '../statistics/proportions/mcnemar.ts';
import type { CheckCounts, CheckCoverage } from './report.ts';
import type { TaskFacts } from './task-facts.ts';

/** Coverage of all checks. */
export type CheckTally = {
  readonly take: (pair: Pick<EvaluatedPair, 'baseline' | 'candidate'>) => void;
  readonly coverage: () => readonly CheckCoverage[];
};

/** Starts with no case. */
export function createCheckTally({ checks }: Pick<TaskFacts, 'checks'>): CheckTally {
  const rows = checks.map(() => ({
    baseline: emptyCounts(),
    candidate: emptyCounts(),
    asked: 0,
    onlyCandidate: 0,
    onlyBaseline: 0,
  }));
  return {
    take: ({ baseline, candidate }) => {
      for (const [index, row] of rows.entries()) {
        const [one, other] = [baseline.checks[index], candidate.checks[index]];
        row.baseline[wordOf(one)] += 1;
        row.candidate[wordOf(other)] += 1;
        if (!isAsked(one) || !isAsked(other)) continue;
        row.asked += 1;
        row.onlyBaseline += one === 'h' && other === 'v' ? 1 : 0;
        row.onlyCandidate += one === 'v' && other === 'h' ? 1 : 0;
      }
    },
    coverage: () => {
      const ps = rows.map((row) => (row.asked === 0 ? null : mcnemar(row).midP));
      const qs = qValues(ps);
      return rows.map(({ baseline, candidate }, index) => ({
        ...headOf(checks[index]),
        baseline: { ...baseline },
        candidate: { ...candidate },
        p: ps[index] ?? null,
        q: qs[index] ?? null,
      }));
    },
  };
}

type Word = keyof CheckCounts;

function emptyCounts(): Record<Word, number> {
  return { held: 0, violated: 0, skipped: 0, unasked: 0 };
}

function wordOf(letter: string | undefined): Word {
  if (letter === 'h') return 'held';
  if (letter === 'v') return 'violated';
  return letter === 's' ? 'skipped' : 'unasked';
}

function isAsked(letter: string | undefined): boolean {
  return letter === 'h' || letter === 'v';
}

type Head = TaskFacts['checks'][number];

/** Only these keys: facts that come from a report have more. */
function headOf(check: Head | undefined): Head {
  const { kind = 'property', name = '', category = null, mode = 'hard' } = check ?? {};
  return { kind, name, category, mode };
}

/** Over all checks that were asked, in their places. */
function qValues(ps: readonly (number | null)[]): readonly (number | null)[] {
  const adjusted = benjaminiHochberg(ps.filter((p) => p !== null)).values();
  return ps.map((p) => (p === null ? null : (adjusted.next().value ?? null)));
}
