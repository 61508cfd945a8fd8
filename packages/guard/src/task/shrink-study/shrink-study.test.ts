import { expect, test } from 'vitest';
import { CHALLENGES } from './challenges.ts';
import { shrinkStudy } from './shrink-study.ts';
import { compareSizes } from './size.ts';

const inProcess = (challenge: (typeof CHALLENGES)[number], args: readonly unknown[]) =>
  Promise.resolve(challenge.holds(args as never));

test('within 500 runs no case of the challenge is larger than what fast-check alone makes of it', async () => {
  const compared = await shrinkStudy({ run: inProcess, seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
  expect(compared).toHaveLength(10 * CHALLENGES.length);
  expect(compared.filter(({ isWorse }) => isWorse)).toEqual([]);
  expect(compared.filter(({ runs }) => runs > 500)).toEqual([]);
});

test.each(['large_union_list', 'reverse', 'difference_not_zero', 'difference_not_small', 'difference_not_one'])(
  'where fast-check alone stops early, the smallest is reached: %s',
  async (name) => {
    const challenges = CHALLENGES.filter((one) => one.name === name);
    const compared = await shrinkStudy({ run: inProcess, challenges, seeds: [1, 2, 3] });
    expect(compared.map(({ isSmallest }) => isSmallest)).toEqual([true, true, true]);
  },
);

test.each(CHALLENGES.map((one) => [one.name, one] as const))(
  '%s: the smallest one breaks the property, and the text of it is a function on its own',
  (_name, challenge) => {
    expect(challenge.holds(challenge.smallest)).toBe(false);
    expect(challenge.source).toMatch(/^export const solve = \(.*=>/su);
  },
);

test('a case is smaller with fewer parts, then lower numbers, then fewer signs', () => {
  expect(compareSizes([[0, 0]], [[9]])).toBeGreaterThan(0);
  expect(compareSizes([[3]], [[-4]])).toBeLessThan(0);
  expect(compareSizes([[3]], [[-3]])).toBeLessThan(0);
  expect(compareSizes([{ a: 'xy' }, true], [{ b: 'yx' }, true])).toBe(0);
});
