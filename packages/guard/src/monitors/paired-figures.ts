/**
 * Figures of both sides, put together by case: 16 bytes a case and no object a record. The first figure of a case and side counts;
 * others are counted and dropped, because repeats of one case are no cases of their own.
 */
import type { MonitorContext, MonitorRecord } from '@bulkhead/protocol';
import { GuardError } from '../guard-error.ts';
import { createRandom } from '../statistics/random.ts';
import { SAMPLE_MAX } from './settings.ts';

/** Cases of one evaluation: beyond it an index is a mistake, and its arrays would not fit. */
const CASES_MAX = 10_000_000;
/** Room at the start, where an evaluation does not say how many cases it has, or says too much. */
const ROOM_MIN = 1_024;
const ROOM_MAX = 1_000_000;

/** Figures of cases that have one on both sides, in the order of the cases. */
export type FigurePairs = { readonly baseline: Float64Array; readonly candidate: Float64Array };

/** What was seen and what was left out: cases with one side only, further figures of a case and side, and figures that are none. */
export type FigureCounts = {
  readonly pairs: number;
  readonly unpaired: number;
  readonly repeats: number;
  readonly unusable: number;
};

/** Figures as they come. */
export interface PairedFigures {
  /** Takes one; `undefined`, or a figure that is negative or not finite, is counted as unusable. */
  readonly take: (record: MonitorRecord, figure: number | undefined) => void;
  readonly pairs: () => FigurePairs;
  /** As {@link sampleOf} of the pairs, without making all of them. */
  readonly sample: (most?: number) => FigurePairs;
  readonly counts: () => FigureCounts;
}

/**
 * Starts without figures, with room for the cases that are expected.
 *
 * @throws {GuardError} From `take`: `MONITOR_RECORD_INVALID` where the record's index is no whole number from 0 to 10 million.
 */
export function createPairedFigures({ total_cases }: Pick<MonitorContext, 'total_cases'>): PairedFigures {
  const sides = { baseline: emptyColumn(total_cases), candidate: emptyColumn(total_cases) };
  let [repeats, unusable] = [0, 0];
  const take = ({ case_index, role }: MonitorRecord, figure: number | undefined): void => {
    assertCaseIndex(case_index);
    if (figure === undefined || !(figure >= 0 && figure < Infinity)) {
      unusable += 1;
      return;
    }
    const column = withRoom(sides[role], case_index);
    sides[role] = column;
    if (Number.isNaN(column[case_index])) column[case_index] = figure;
    else repeats += 1;
  };
  const counts = (): FigureCounts => {
    const present = presentOf(sides.baseline) + presentOf(sides.candidate);
    const pairs = pairsIn(sides);
    return { pairs, unpaired: present - 2 * pairs, repeats, unusable };
  };
  return { take, pairs: () => sampleOf(sides, Infinity), sample: (most) => sampleOf(sides, most), counts };
}

/** The pairs, or where they are too many a sample of them in their order, the same one every time; cases with one figure are none. */
export function sampleOf(sides: FigurePairs, most: number = SAMPLE_MAX): FigurePairs {
  const n = pairsIn(sides);
  const size = Math.min(n, most);
  const random = createRandom('sample of pairs');
  const sample = { baseline: new Float64Array(size), candidate: new Float64Array(size) };
  let [seen, taken] = [0, 0];
  // Knuth, The Art of Computer Programming 2, section 3.4.2, algorithm S: each set of `most` is as likely as the other.
  for (let at = 0; taken < size; at += 1) {
    const [baseline = Number.NaN, candidate = Number.NaN] = [sides.baseline[at], sides.candidate[at]];
    if (!isPair(baseline, candidate)) continue;
    seen += 1;
    if (size < n && random.below(n - seen + 1) >= size - taken) continue;
    sample.baseline[taken] = baseline;
    sample.candidate[taken] = candidate;
    taken += 1;
  }
  return sample;
}

/**
 * Insists on an index of a case.
 *
 * @throws {GuardError} `MONITOR_RECORD_INVALID`.
 */
export function assertCaseIndex(index: number): void {
  if (Number.isInteger(index) && index >= 0 && index < CASES_MAX) return;
  const expected = `a whole number from 0 to ${CASES_MAX - 1}`;
  throw new GuardError('MONITOR_RECORD_INVALID', `case_index is ${String(index)}; expected ${expected}`);
}

/** Entries to make at the start for so many cases. */
export function roomFor(cases: number): number {
  return Number.isInteger(cases) ? Math.min(Math.max(cases, ROOM_MIN), ROOM_MAX) : ROOM_MIN;
}

function emptyColumn(cases: number): Float64Array {
  return new Float64Array(roomFor(cases)).fill(Number.NaN);
}

function withRoom(column: Float64Array, index: number): Float64Array {
  if (index < column.length) return column;
  const longer = new Float64Array(Math.max(index + 1, 2 * column.length)).fill(Number.NaN, column.length);
  longer.set(column);
  return longer;
}

function presentOf(column: Float64Array): number {
  let present = 0;
  for (const figure of column) if (!Number.isNaN(figure)) present += 1;
  return present;
}

function pairsIn({ baseline, candidate }: FigurePairs): number {
  let pairs = 0;
  const end = Math.min(baseline.length, candidate.length);
  for (let at = 0; at < end; at += 1) if (isPair(baseline[at], candidate[at])) pairs += 1;
  return pairs;
}

function isPair(baseline: number | undefined, candidate: number | undefined): boolean {
  return !Number.isNaN(baseline) && !Number.isNaN(candidate);
}
