/**
 * What the judges of examples/evolve refuse and count, and that their recorded models have an answer for whatever a run asks them.
 */
import { expect, test } from 'vitest';
import { CIRCLES, PACKING, refusePacking, type Packing } from '../examples/evolve/circle_packing/task.ts';
import { solve as grid } from '../examples/evolve/circle_packing/programs/grid.ts';
import { combinedScore, valueAt } from '../examples/evolve/function_minimisation/task.ts';
import { LINEAGES } from '../examples/evolve/lineages.ts';
import { askAll } from '../examples/evolve/recording.ts';
import { createCurveEvaluator, PROBLEMS } from '../examples/evolve/symbolic_regression/problems.ts';
import { regress } from '../examples/evolve/symbolic_regression/regress.ts';
import { accuracy, NGUYEN_1, NGUYEN_8 } from '../examples/evolve/symbolic_regression/task.ts';
import { canonical, writeTree } from '../examples/evolve/symbolic_regression/trees.ts';

/** Two circles that touch one another and their walls, to the last digit. */
const TOUCHING: Packing = {
  circles: [
    [0.25, 0.5, 0.25],
    [0.75, 0.5, 0.25],
  ],
  sum: 0.5,
};

function withCircle(circle: readonly [number, number, number], sum: number): Packing {
  return { circles: [circle, [0.75, 0.5, 0.25]], sum };
}

test('[E5] circles that touch are a packing, and so is a grid', () => {
  expect(refusePacking(TOUCHING, 2)).toBeUndefined();
  const packing = grid(CIRCLES) as unknown as Packing;
  expect(refusePacking(packing, CIRCLES)).toBeUndefined();
});

test.each([
  ['NaN', withCircle([Number.NaN, 0.5, 0.25], 0.5), 'not finite'],
  ['infinity', withCircle([0.25, 0.5, Number.POSITIVE_INFINITY], Number.POSITIVE_INFINITY), 'not finite'],
  ['an overlap of 1e-9', withCircle([0.25 + 1e-9, 0.5, 0.25], 0.5), 'overlaps circle 0'],
  ['a wall that is passed by 1e-9', withCircle([0.25 - 1e-9, 0.5, 0.25], 0.5), 'outside of the square'],
  ['a radius below 0', withCircle([0.25, 0.5, -0.1], 0.15), 'has the radius -0.1'],
  ['a sum that is not that of the radii', withCircle([0.25, 0.5, 0.2], 0.45 + 1e-9), 'the sum is said to be'],
  ['a circle too few', { circles: TOUCHING.circles.slice(1), sum: 0.25 }, 'there are 1 circles; expected 2'],
])('[E5] %s is refused', (_name, packing, reason) => {
  expect(refusePacking(packing, 2)).toContain(reason);
});

test('[E5] what is no packing at all is no result', () => {
  const others = [null, 3, { circles: 3, sum: 3 }, { circles: [[1, 2]], sum: 0 }, { circles: [[1, 2, '3']], sum: 0 }];
  expect(others.filter((value) => PACKING.isResult(value))).toEqual([]);
});

test('[E4] the lowest point scores 1.4995, as it is known to three digits, and one that is far off less', () => {
  const [x, y] = [-1.704083, 0.677508];
  expect(valueAt(x, y)).toBeCloseTo(-1.518685840849, 11);
  expect(combinedScore([{ x, y, value: valueAt(x, y) }])).toBeCloseTo(1.49954, 5);
  expect(combinedScore([{ x: 4, y: 4, value: valueAt(4, 4) }])).toBeLessThan(0.4);
});

test.each(Object.entries(LINEAGES))('the cassette of %s answers whatever its run asks', async (name, lineage) => {
  expect(await askAll(name, lineage, 'none')).toBeGreaterThan(5);
});

test('[E7] a formula is kept in one form', () => {
  const form = (text: string): string => canonical(text.split(' ')).join(' ');
  expect(form('+ * x x + x 1')).toBe(form('+ + 1 x * x x'));
  expect(form('* 1 * x 1')).toBe('x');
  expect(form('exp log + x x')).toBe('+ x x');
});

test('[E7] a formula is exact where it is the curve everywhere, and a curve is found', async () => {
  const [first] = PROBLEMS;
  if (first === undefined) throw new Error('there is no problem');
  const judge = createCurveEvaluator(first, 1);
  const measure = (text: string) =>
    judge.evaluate(
      { id: 'f', source: writeTree(text.split(' ')), evalIndex: 1, measurement: 0, seed: '1' },
      new AbortController().signal,
    );
  expect(await measure('* x + 1 + x * x x')).toMatchObject({ kind: 'measured', values: [1] });
  expect(await measure('* x + 1 x')).toMatchObject({ kind: 'measured', values: [expect.closeTo(0.8, 0)] });
  expect(await measure('log - x x')).toMatchObject({ kind: 'failed' });
  const found = await regress({ problem: first, seed: 4, evaluations: 1_000 });
  expect(found.best.score).toBe(1);
});

test('[E7] a program that is the curve is of accuracy 1, and one that is off by 1 on average of a half', () => {
  expect(accuracy([1, 2, 3], [1, 2, 3])).toBe(1);
  expect(accuracy([2, 1, 4], [1, 2, 3])).toBe(0.5);
  const [metric] = NGUYEN_1.metrics;
  const places = [-1, 0, 0.5];
  expect(metric?.extract([-1, 0, 0.875], [places])).toBe(1);
  expect(metric?.extract([0, 0, 0], [places])).toBeLessThan(1);
  expect([NGUYEN_1.name, NGUYEN_8.name]).toEqual(['nguyen_1', 'nguyen_8']);
});
