/**
 * Programs for tests of selectors, and a test whether draws come as often as a distribution says.
 */
import type { Member, ProgramView } from '../population/program-view.ts';
import { createView } from '../population/program-view.ts';
import type { Selector } from './create-selector.ts';

/** A program that is its own id. */
export function member(id: string, fields: Partial<Member<string>> = {}): Member<string> {
  return {
    ...{ program: id, id, score: 0, children: 0, island: 0, cell: id, evalIndex: 0 },
    ...{ length: 10, cases: [], measures: [], ...fields },
  };
}

/** Programs p0, p1 … of these scores, each in a cell of its own and one evaluation younger than the one before. */
export function viewOfScores(scores: readonly number[]): ProgramView<string> {
  return createView(scores.map((score, at) => member(`p${at}`, { score, evalIndex: at })));
}

/** So many programs, p0 the best, then one after the other. */
export function viewOfRanks(count: number): ProgramView<string> {
  return viewOfScores(Array.from({ length: count }, (_, at) => count - at));
}

/** Draws of one test; the bound is exceeded in one stream of 10,000. */
const DRAWS = 20_000;
const NORMAL_QUANTILE = 3.719_016_485_455_709;

/**
 * Draws 20,000 times and compares with the exact distribution.
 *
 * @returns Chi-square over its bound for p = 1e-4 (Wilson and Hilferty 1931); above 1 the draws do not follow the distribution. Programs
 *   that are never chosen have no cell, and one of them drawn gives infinity.
 */
export function chiSquareRatio(selector: Selector, db: ProgramView<string>): number {
  const odds = selector.distribution(db);
  const counts = new Map<string, number>();
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const id = selector.select(db);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const possible = [...odds].filter(([, chance]) => chance > 0);
  const drawn = possible.reduce((sum, [id]) => sum + (counts.get(id) ?? 0), 0);
  if (drawn !== DRAWS) return Number.POSITIVE_INFINITY;
  const square = possible.reduce((sum, [id, chance]) => {
    const expected = chance * DRAWS;
    return sum + ((counts.get(id) ?? 0) - expected) ** 2 / expected;
  }, 0);
  return square / chiSquareBound(possible.length - 1);
}

function chiSquareBound(degrees: number): number {
  if (degrees === 0) return 1;
  const part = 2 / (9 * degrees);
  return degrees * (1 - part + NORMAL_QUANTILE * Math.sqrt(part)) ** 3;
}
