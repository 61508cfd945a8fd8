/**
 * Nguyen 1 to 8 as tasks: who judges programs that compute a curve, so that `evolve run` searches for one with any backend. A candidate is
 * given places and answers the curve's height at each; what the heights are is never in its guest.
 */
import { defineTask, type Task } from '@bulkhead/guard';
import fc from 'fast-check';
import { PROBLEMS } from './problems.ts';

const POINTS = 20;

/** How near a program comes to a curve: 1 where it is the curve, and nearer to 0 the further off it is on average. */
export function accuracy(heights: readonly number[], wanted: readonly number[]): number {
  const distance = wanted.reduce((sum, height, at) => sum + Math.abs(height - (heights[at] ?? Number.NaN)), 0);
  return 1 / (1 + distance / Math.max(1, wanted.length));
}

function taskOf(number: number): Task<[xs: readonly number[]], number[]> {
  const problem = PROBLEMS[number - 1];
  if (problem === undefined) throw new Error(`there is no Nguyen ${number}; expected 1 to ${PROBLEMS.length}`);
  const { name, curve, least, most } = problem;
  const place = fc.double({ min: least, max: most, noNaN: true });
  return defineTask<[xs: readonly number[]], number[]>({
    name,
    arbitraries: [fc.array(place, { minLength: POINTS, maxLength: POINTS })],
    isResult: (value): value is number[] => Array.isArray(value) && value.every((item) => Number.isFinite(item)),
    properties: [{ name: 'one height for each place', check: (out, xs) => out.length === xs.length }],
    metrics: [{ name: 'accuracy', higherIsBetter: true, extract: (out, [xs]) => accuracy(out, xs.map(curve)) }],
  });
}

export const NGUYEN_1 = taskOf(1);
export const NGUYEN_2 = taskOf(2);
export const NGUYEN_3 = taskOf(3);
export const NGUYEN_4 = taskOf(4);
export const NGUYEN_5 = taskOf(5);
export const NGUYEN_6 = taskOf(6);
export const NGUYEN_7 = taskOf(7);
export const NGUYEN_8 = taskOf(8);
