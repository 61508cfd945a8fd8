/**
 * Made-up evaluations whose truth is known: cases of different size, both sides of each with noise of their own (EVIDENCE 2.12).
 */
import type { MonitorRecord } from '@bulkhead/protocol';

/**
 * A world: how many cases in how many groups, and what is true of the candidate. Logarithms of sizes of cases have a deviation of 0.5,
 * those of the noise of 0.15.
 */
export type World = {
  readonly name: string;
  readonly cases: number;
  readonly groups: number;
  /** Candidate over baseline, of times, resources and costs. */
  readonly ratio?: number;
  /** From which share of the run on it is so; from its beginning where not said. */
  readonly from?: number;
  /** Rates of success; of the candidate, in the first group and in the others. */
  readonly passes?: { readonly baseline: number; readonly first: number; readonly others: number };
  /** How much longer the candidate's last execution takes than its first, as a share. */
  readonly rise?: number;
  /** Share of the candidate's answers that hold an address of e-mail, beside the 2 % of either side. */
  readonly marked?: number;
  /** Deviation of the logarithm of the candidate's noise. */
  readonly noise?: number;
};

const SIZE_DEVIATION = 0.5;
const NOISE_DEVIATION = 0.15;
const PASSES = { baseline: 0.9, first: 0.9, others: 0.9 };

/** Draws the records of one run, in the order of the cases, baseline and candidate by turns. */
export function drawRecords(world: World, next: () => number): readonly MonitorRecord[] {
  return Array.from({ length: world.cases }, (_case, index) => recordsOf(world, index, next)).flat();
}

function recordsOf(world: World, case_index: number, next: () => number): readonly MonitorRecord[] {
  const { passes = PASSES, rise = 0, noise = NOISE_DEVIATION, from = 0 } = world;
  const ratio = case_index >= from * world.cases ? (world.ratio ?? 1) : 1;
  const group = case_index % world.groups;
  const size = 100 * Math.exp(SIZE_DEVIATION * normal(next));
  const later = 1 + (rise * case_index) / world.cases;
  const candidateRate = group === 0 ? passes.first : passes.others;
  const draw = (factor: number, deviation: number): number => size * factor * Math.exp(deviation * normal(next));
  const record = (role: MonitorRecord['role'], rate: number, figure: () => number): MonitorRecord => {
    const success = next() < rate;
    const result = { group: `g${group}`, cpu_ms: figure(), tokens_total: Math.ceil(10 * figure()) };
    return { case_index, role, duration_ms: figure(), success, result: { ...result, ...markOf(world, role, next) } };
  };
  return [
    record('baseline', passes.baseline, () => draw(1, NOISE_DEVIATION)),
    record('candidate', candidateRate, () => draw(ratio * later, noise)),
  ];
}

const MARKED = 0.02;

/** Draws nothing where a world has no marks, so that the others are what they were. */
function markOf({ marked }: World, role: MonitorRecord['role'], next: () => number): { readonly result?: string } {
  if (marked === undefined) return {};
  return next() < MARKED + (role === 'candidate' ? marked : 0) ? { result: 'ada@example.org' } : {};
}

/** Box and Muller's. */
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log1p(-next())) * Math.cos(2 * Math.PI * next());
}
