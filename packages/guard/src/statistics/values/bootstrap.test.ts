import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accelerationOf,
  bcaInterval,
  bcaPairedProportions,
  clusterBootstrapInterval,
  pairedRatioInterval,
  percentileInterval,
} from './bootstrap.ts';
import { mean } from './mean.ts';
import { quantileOf } from './quantiles.ts';
import { createRandom } from '../random.ts';
import { resamplingOfClusters, resamplingOfPairs, resamplingOfValues } from './resampling.ts';

/** Efron and Tibshirani 1993, table 14.1: one of two scores of spatial perception of 26 children (EVIDENCE 2.7). */
const SPATIAL = [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41];

/** Efron and Tibshirani 1993, table 3.1: two scores of 15 law schools. */
const LAW_SCHOOLS = [
  [576, 3.39],
  [635, 3.3],
  [558, 2.81],
  [578, 3.03],
  [666, 3.44],
  [580, 3.07],
  [555, 3],
  [661, 3.43],
  [651, 3.36],
  [605, 3.13],
  [653, 3.12],
  [575, 2.74],
  [545, 2.76],
  [572, 2.88],
  [594, 2.96],
] as const;

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** 2));
}

function correlation(pairs: readonly (readonly [number, number])[]): number {
  const [middleX, middleY] = [mean(pairs.map(([x]) => x)), mean(pairs.map(([, y]) => y))];
  const covariance = mean(pairs.map(([x, y]) => (x - middleX) * (y - middleY)));
  return covariance / Math.sqrt(variance(pairs.map(([x]) => x)) * variance(pairs.map(([, y]) => y)));
}

/** The mean under another name, which has no fast path. */
function plainMean(values: readonly number[]): number {
  return mean(values);
}

function skewed(seed: string, count: number): readonly number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => -Math.log(1 - random.next()));
}

function widthOf([lower, upper]: readonly [number, number]): number {
  return upper - lower;
}

describe('as published', () => {
  test('the variance of spatial perception', () => {
    expect(variance(SPATIAL)).toBeCloseTo(171.534024, 6);
    expect(accelerationOf(resamplingOfValues(SPATIAL, variance).leftOut())).toBeCloseTo(0.06124, 6);
    const options = { confidence: 0.9, resamples: 100_000, seed: 1 };
    const [lower, upper] = bcaInterval(SPATIAL, variance, options);
    // Between seeds these move by 0.2 and 0.4.
    expect(Math.abs(lower - 115.8)).toBeLessThan(0.6);
    expect(Math.abs(upper - 261.2)).toBeLessThan(1.2);
    // By numpy with 2,000,000 resamples.
    const percentiles = percentileInterval(SPATIAL, variance, options);
    expect(Math.abs(percentiles[0] - 97.7)).toBeLessThan(0.6);
    expect(Math.abs(percentiles[1] - 235.6)).toBeLessThan(0.6);
  });

  test('the correlation of law schools', () => {
    expect(correlation(LAW_SCHOOLS)).toBeCloseTo(0.776374, 6);
    expect(accelerationOf(resamplingOfValues(LAW_SCHOOLS, correlation).leftOut())).toBeCloseTo(-0.075672, 6);
    const [lower, upper] = bcaInterval(LAW_SCHOOLS, correlation, { seed: 2 });
    expect(lower > 0 && lower < 0.776374 && upper > 0.776374 && upper < 1).toBe(true);
  });
});

describe('a statistic of values', () => {
  test('a seed fixes the interval, and the order of the cases does not matter', () => {
    const values = skewed('order', 50);
    for (const statistic of [mean, plainMean]) {
      for (const interval of [bcaInterval, percentileInterval]) {
        const found = interval(values, statistic, { seed: 7 });
        expect(interval(values, statistic, { seed: 7 })).toEqual(found);
        expect(interval(values.toReversed(), statistic, { seed: 7 })).toEqual(found);
        expect(interval(values, statistic, { seed: 8 })).not.toEqual(found);
      }
    }
  });

  test('the fast path of the mean gives what any mean gives', () => {
    const values = skewed('fast', 80);
    const fast = resamplingOfValues(values, mean);
    const plain = resamplingOfValues(values, plainMean);
    expect(fast.estimate).toBeCloseTo(plain.estimate, 12);
    const [one, other] = [createRandom(1), createRandom(1)];
    for (let draw = 0; draw < 20; draw += 1) expect(fast.draw(one)).toBeCloseTo(plain.draw(other), 12);
    for (const [index, statistic] of fast.leftOut().entries()) {
      expect(statistic).toBeCloseTo(plain.leftOut()[index] ?? Number.NaN, 12);
    }
  });

  test('more confidence is wider, and more of the same is narrower', () => {
    const values = skewed('width', 60);
    const usual = widthOf(bcaInterval(values, mean, { seed: 1 }));
    expect(widthOf(bcaInterval(values, mean, { seed: 1, confidence: 0.99 }))).toBeGreaterThan(usual);
    expect(widthOf(bcaInterval([...values, ...values], mean, { seed: 1 }))).toBeLessThan(usual);
  });

  test('another unit changes the interval by as much', () => {
    const values = skewed('unit', 40);
    const inSeconds = bcaInterval(values, mean, { seed: 4 });
    const inMilliseconds = bcaInterval(
      values.map((value) => 1_000 * value),
      mean,
      { seed: 4 },
    );
    expect(inMilliseconds[0] / 1_000).toBeCloseTo(inSeconds[0], 10);
    expect(inMilliseconds[1] / 1_000).toBeCloseTo(inSeconds[1], 10);
  });

  test('mirrored values have the mirrored interval, but for what is drawn', () => {
    const values = skewed('mirror', 60);
    const [lower, upper] = bcaInterval(values, mean, { seed: 1, resamples: 20_000 });
    const mirrored = bcaInterval(
      values.map((value) => -value),
      mean,
      { seed: 2, resamples: 20_000 },
    );
    expect(Math.abs(mirrored[0] + upper)).toBeLessThan((upper - lower) / 25);
    expect(Math.abs(mirrored[1] + lower)).toBeLessThan((upper - lower) / 25);
  });

  test('of a skewed mean, the interval reaches further to the long side', () => {
    const values = skewed('skew', 40);
    const [lower, upper] = bcaInterval(values, mean, { seed: 3 });
    const percentiles = percentileInterval(values, mean, { seed: 3 });
    expect(lower > percentiles[0] && upper > percentiles[1]).toBe(true);
    expect(upper - mean(values)).toBeGreaterThan(mean(values) - lower);
  });

  test('95 % intervals of a skewed mean hold it in 95 of 100 runs, nearly', () => {
    const held = Array.from({ length: 400 }, (_value, run) => {
      const [lower, upper] = bcaInterval(skewed(`coverage ${run}`, 60), mean, { seed: run, resamples: 1_000 });
      return lower <= 1 && 1 <= upper;
    }).filter(Boolean);
    expect(held.length).toBeGreaterThan(0.91 * 400);
    expect(held.length).toBeLessThan(0.98 * 400);
  });

  test('a median has an interval too', () => {
    const values = skewed('median', 101);
    const median = (sample: readonly number[]): number => quantileOf(sample, 0.5);
    const [lower, upper] = bcaInterval(values, median, { seed: 1 });
    expect(lower < median(values) && median(values) < upper).toBe(true);
    expect(upper - lower).toBeLessThan(0.8);
  });

  test('ties with the estimate count half, though sums round differently', () => {
    // Of 0.1 and 0.3 in equal number most resamples of the middle are ties up to rounding, and the interval is symmetric.
    const values = Array.from({ length: 40 }, (_value, index) => (index % 2 === 0 ? 0.1 : 0.3));
    const [lower, upper] = bcaInterval(values, plainMean, { seed: 1, resamples: 20_000 });
    expect(lower + upper).toBeCloseTo(0.4, 2);
  });

  test('10,000 values need no 10,000 times 10,000 steps', () => {
    const values = skewed('large', 10_000);
    const [lower, upper] = bcaInterval(values, mean, { seed: 1 });
    expect(lower < mean(values) && mean(values) < upper).toBe(true);
    expect(upper - lower).toBeCloseTo((2 * 1.96) / Math.sqrt(10_000), 2);
  });
});

describe('a statistic of clusters', () => {
  const clusters = Array.from({ length: 40 }, (_value, index) => {
    const [shared, ...own] = skewed(`cluster ${index}`, 2 + (index % 4));
    return own.map((value) => (shared ?? 0) + 0.1 * value);
  });

  test('clusters of one are values', () => {
    const values = skewed('alone', 30);
    const alone = values.map((value) => [value]);
    expect(clusterBootstrapInterval(alone, mean, { seed: 1 })).toEqual(bcaInterval(values, mean, { seed: 1 }));
    expect(clusterBootstrapInterval(alone, plainMean, { seed: 1 })).toEqual(
      bcaInterval(values, plainMean, { seed: 1 }),
    );
  });

  test('values that depend on each other tell less', () => {
    const alone = bcaInterval(clusters.flat(), mean, { seed: 1 });
    expect(widthOf(clusterBootstrapInterval(clusters, mean, { seed: 1 }))).toBeGreaterThan(1.3 * widthOf(alone));
  });

  test('the fast path of the mean gives what any mean gives', () => {
    const [fast, plain] = [resamplingOfClusters(clusters, mean), resamplingOfClusters(clusters, plainMean)];
    expect(fast.estimate).toBeCloseTo(plain.estimate, 12);
    const sorted = (values: readonly number[]): readonly number[] => values.toSorted((a, b) => a - b);
    const others = sorted(plain.leftOut());
    for (const [index, statistic] of sorted(fast.leftOut()).entries()) {
      expect(statistic).toBeCloseTo(others[index] ?? Number.NaN, 12);
    }
  });

  test('the order of clusters and of their values does not matter', () => {
    const other = clusters.toReversed().map((cluster) => cluster.toReversed());
    const found = clusterBootstrapInterval(clusters, plainMean, { seed: 5 });
    expect(clusterBootstrapInterval(other, plainMean, { seed: 5 })).toEqual(found);
  });
});

describe('a ratio of means of pairs', () => {
  const pairs = skewed('pairs', 60).map((base, index) => [base * (1.1 + 0.01 * (index % 7)), base] as const);

  test('pairs that keep their ratio have a narrow interval around it', () => {
    const { ratio, interval } = pairedRatioInterval(pairs, { seed: 1 });
    expect(ratio).toBeCloseTo(mean(pairs.map(([candidate]) => candidate)) / mean(pairs.map(([, base]) => base)), 12);
    expect(interval[0] < ratio && ratio < interval[1]).toBe(true);
    expect(interval[0]).toBeGreaterThan(1.1);
    expect(interval[1]).toBeLessThan(1.16);
    expect(pairedRatioInterval(pairs.toReversed(), { seed: 1 })).toEqual({ ratio, interval });
  });

  test('twelve pairs as scipy has them', () => {
    const candidate = [4, 1, 5, 2, 5, 12, 2, 6, 7, 3, 9, 8];
    const base = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8];
    const twelve = candidate.map((figure, index) => [figure, base[index] ?? 0] as const);
    const { interval } = pairedRatioInterval(twelve, { seed: 1, resamples: 50_000 });
    // scipy.stats.bootstrap 1.17.1, BCa of 200,000 resamples.
    expect(Math.abs(interval[0] - 1.0930232558139534)).toBeLessThan(0.005);
    expect(Math.abs(interval[1] - 1.4210526315789473)).toBeLessThan(0.005);
  });

  test('exchanged roles are the reciprocal, but for what is drawn', () => {
    const swapped = pairs.map(([candidate, base]) => [base, candidate] as const);
    const there = pairedRatioInterval(pairs, { seed: 1, resamples: 20_000 });
    const back = pairedRatioInterval(swapped, { seed: 2, resamples: 20_000 });
    expect(1 / back.ratio).toBeCloseTo(there.ratio, 12);
    expect(1 / back.interval[1]).toBeCloseTo(there.interval[0], 3);
    expect(1 / back.interval[0]).toBeCloseTo(there.interval[1], 3);
  });
});

describe('a difference of paired proportions', () => {
  const counts = { both: 300, onlyCandidate: 30, onlyBaseline: 10, neither: 60 };

  test('four counts give what their cases give, but for what is drawn', () => {
    const cases = [
      ...Array.from({ length: 30 }, () => 1),
      ...Array.from({ length: 360 }, () => 0),
      ...Array.from({ length: 10 }, () => -1),
    ];
    const [ofCounts, ofCases] = [resamplingOfPairs(counts), resamplingOfValues(cases, mean)];
    expect(ofCounts.estimate).toBe(ofCases.estimate);
    expect(accelerationOf(ofCounts.leftOut())).toBeCloseTo(accelerationOf(ofCases.leftOut()), 12);
    const options = { seed: 1, resamples: 20_000 };
    const [lower, upper] = bcaPairedProportions(counts, options);
    const [caseLower, caseUpper] = bcaInterval(cases, mean, options);
    // One case is 0.0025.
    expect(Math.abs(lower - caseLower)).toBeLessThanOrEqual(0.0025);
    expect(Math.abs(upper - caseUpper)).toBeLessThanOrEqual(0.0025);
  });

  test('exchanged roles mirror the interval, but for what is drawn', () => {
    const swapped = { ...counts, onlyCandidate: 10, onlyBaseline: 30 };
    const [lower, upper] = bcaPairedProportions(counts, { seed: 1, resamples: 20_000 });
    const mirrored = bcaPairedProportions(swapped, { seed: 2, resamples: 20_000 });
    expect(Math.abs(mirrored[0] + upper)).toBeLessThanOrEqual(0.0025);
    expect(Math.abs(mirrored[1] + lower)).toBeLessThanOrEqual(0.0025);
  });

  test('every interval of pairs that differ holds some width', () => {
    const count = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(fc.record({ both: count, onlyCandidate: count, onlyBaseline: count, neither: count }), (some) => {
        const differ = { ...some, onlyCandidate: some.onlyCandidate + 4, neither: some.neither + 4 };
        const [lower, upper] = bcaPairedProportions(differ, { seed: 1, resamples: 500 });
        expect(lower).toBeLessThan(upper);
        expect(lower >= -1 && upper <= 1).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

test.each([
  ['one value', () => bcaInterval([1], mean, { seed: 1 }), 'the length of values is 1; expected at least 2'],
  [
    'a failed call',
    () => bcaInterval([1, NaN], mean, { seed: 1 }),
    'a value of values is NaN; expected a finite number',
  ],
  [
    'values that are all alike',
    () => bcaInterval([0.1, 0.1, 0.1], mean, { seed: 1 }),
    /^every resampled statistic is 0.1\d*; expected some that differ; take tangoInterval or eProcess of passes$/,
  ],
  [
    'values that are all alike, by percentiles',
    () => percentileInterval([2, 2], plainMean, { seed: 1 }),
    'every resampled statistic is 2; expected some that differ; take tangoInterval or eProcess of passes',
  ],
  [
    'a statistic at the end of what is drawn',
    () => bcaInterval(skewed('end', 30), (sample) => new Set(sample).size, { seed: 1 }),
    'the share of resamples below the estimate is 1; expected some on either side; take percentileInterval',
  ],
  [
    'a statistic that is no number',
    () => bcaInterval([1, 2, 3], () => Number.NaN, { seed: 1 }),
    'the statistic is NaN; expected a finite number',
  ],
  [
    'a statistic that some resamples do not have',
    () => percentileInterval([0, 0, 1], (sample) => 1 / mean(sample), { seed: 1 }),
    'the statistic of a resample is Infinity; expected a finite number',
  ],
  [
    'too few resamples',
    () => bcaInterval([1, 2], mean, { seed: 1, resamples: 50 }),
    'resamples is 50; expected a whole number from 100 to 10000000',
  ],
  [
    'a confidence in percent',
    () => bcaInterval([1, 2], mean, { seed: 1, confidence: 95 }),
    'confidence is 95; expected a number between 0 and 1',
  ],
  ['one cluster', () => clusterBootstrapInterval([[1, 2]], mean, { seed: 1 }), /^the number of clusters is 1/],
  ['an empty cluster', () => clusterBootstrapInterval([[1], []], mean, { seed: 1 }), /^the length of a cluster is 0/],
  ['one pair', () => pairedRatioInterval([[1, 2]], { seed: 1 }), 'the number of pairs is 1; expected at least 2'],
  [
    'a negative cost',
    () =>
      pairedRatioInterval(
        [
          [1, 2],
          [-1, 2],
        ],
        { seed: 1 },
      ),
    'a figure of a pair is -1; expected a finite number from 0 up',
  ],
  [
    'a baseline that cost nothing',
    () =>
      pairedRatioInterval(
        [
          [1, 0],
          [2, 0],
        ],
        { seed: 1 },
      ),
    'the statistic is Infinity; expected a finite number',
  ],
  [
    'no pair that differs',
    () => bcaPairedProportions({ both: 9, onlyCandidate: 0, onlyBaseline: 0, neither: 1 }, { seed: 1 }),
    'every resampled statistic is 0; expected some that differ; take tangoInterval or eProcess of passes',
  ],
  [
    'no pairs',
    () => bcaPairedProportions({ both: 0, onlyCandidate: 0, onlyBaseline: 0, neither: 0 }, { seed: 1 }),
    'the number of pairs is 0; expected at least 2',
  ],
  [
    'half a case',
    () => bcaPairedProportions({ both: 0.5, onlyCandidate: 0, onlyBaseline: 0, neither: 0 }, { seed: 1 }),
    'both is 0.5; expected a whole number from 0 up',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT' }));
  expect(compute).toThrow(message);
});
