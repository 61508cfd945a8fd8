import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clusterRobustInterval } from './clusters.ts';
import { createRandom } from '../random.ts';

test('two clusters by hand', () => {
  // Deviations −1.5 − 0.5 and 0.5 + 1.5, so √8 / 4; Student's quantile of one degree is 12.7062.
  const found = clusterRobustInterval([1, 2, 3, 4], ['a', 'a', 'b', 'b']);
  expect(found).toMatchObject({ mean: 2.5, clusters: 2 });
  expect(found.standardError).toBeCloseTo(Math.SQRT1_2, 14);
  expect(found.interval[0]).toBeCloseTo(2.5 - 12.706204736174694 * Math.SQRT1_2, 10);
  expect(found.interval[1]).toBeCloseTo(2.5 + 12.706204736174694 * Math.SQRT1_2, 10);
});

test('each value its own cluster is the usual standard error', () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6];
  const middle = 31 / 8;
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  const { standardError } = clusterRobustInterval(values, [1, 2, 3, 4, 5, 6, 7, 8]);
  expect(standardError).toBeCloseTo(Math.sqrt(squares) / 8, 14);
});

test('copies within clusters add nothing', () => {
  const values = [3, 1, 4, 1, 5];
  const names = ['a', 'b', 'c', 'd', 'e'];
  const once = clusterRobustInterval(values, names);
  const twice = clusterRobustInterval([...values, ...values], [...names, ...names]);
  expect(twice.standardError).toBeCloseTo(once.standardError, 14);
  expect(twice.interval[0]).toBeCloseTo(once.interval[0], 12);
});

test('a warning below 30 clusters, and none from there on', () => {
  const names = Array.from({ length: 30 }, (_value, index) => index);
  expect(clusterRobustInterval(names, names)).not.toHaveProperty('warning');
  expect(clusterRobustInterval(names.slice(1), names.slice(1)).warning).toBe(
    '29 clusters; below 30 the interval may be too narrow',
  );
});

test('95 % intervals hold the mean of clustered values, where independent ones do not', () => {
  const held = { clustered: 0, alone: 0 };
  for (let run = 0; run < 1_000; run += 1) {
    const random = createRandom(`clusters ${run}`);
    const shared = Array.from({ length: 40 }, () => random.next() - 0.5);
    const names = Array.from({ length: 200 }, (_value, index) => index % 40);
    const values = names.map((name) => (shared[name] ?? 0) + (random.next() - 0.5) / 2);
    const holds = (clusters: readonly number[]): number => {
      const [lower, upper] = clusterRobustInterval(values, clusters).interval;
      return lower <= 0 && 0 <= upper ? 1 : 0;
    };
    held.clustered += holds(names);
    held.alone += holds(values.map((_value, index) => index));
  }
  expect(held.clustered).toBeGreaterThan(930);
  expect(held.clustered).toBeLessThan(970);
  expect(held.alone).toBeLessThan(750);
});

test('mirrored values have the mirrored interval, and more confidence is wider', () => {
  const clustered = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: 0, max: 5 }));
  fc.assert(
    fc.property(fc.array(clustered, { minLength: 1, maxLength: 40 }), (cases) => {
      const values = [1, 3, ...cases.map(([value]) => value)];
      const names = ['first', 'second', ...cases.map(([, name]) => name)];
      const [lower, upper] = clusterRobustInterval(values, names).interval;
      const mirrored = clusterRobustInterval(
        values.map((value) => -value),
        names,
      );
      expect(mirrored.interval[0]).toBeCloseTo(-upper, 8);
      expect(mirrored.interval[1]).toBeCloseTo(-lower, 8);
      const wide = clusterRobustInterval(values, names, 0.99).interval;
      expect(wide[1] - wide[0]).toBeGreaterThanOrEqual(upper - lower);
      const reversed = clusterRobustInterval(values.toReversed(), names.toReversed());
      expect(reversed.interval[0]).toBeCloseTo(lower, 8);
    }),
  );
});

test.each([
  ['no values', () => clusterRobustInterval([], []), 'the length of values is 0; expected at least 1'],
  ['one cluster', () => clusterRobustInterval([1, 2], ['a', 'a']), 'the number of clusters is 1; expected at least 2'],
  [
    'a value without a cluster',
    () => clusterRobustInterval([1, 2], ['a']),
    'the length of clusters is 1; expected that of values, 2',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});
