import type { LiveCounts } from '@bulkhead/host';
import { expect, test } from 'vitest';
import { eProcess } from '../statistics/looks/e-process.ts';
import { createRandom } from '../statistics/random.ts';
import { judgeLive } from './judge-live.ts';

const PLAN = { policy: 'noninferiority:margin=0.02', answers: 'same', cases: 400, seed: 1 } as const;
const NO_PAIRS = { both: 0, only_candidate: 0, only_baseline: 0, neither: 0 };
const NONE: LiveCounts = { pairs: NO_PAIRS, unpaired: { calls: 0, failed: 0 }, before: { calls: 1_000, failed: 0 } };

const verdictOf = (counts: Partial<LiveCounts>, plan: typeof PLAN | { policy: string } = PLAN): string =>
  judgeLive({ ...NONE, ...counts }, { ...PLAN, ...plan }).verdict;

/** The first look at which a stream of calls is called worse. Evidence against a release grows with its failures alone, so that other looks are none. */
function firstWorse(calls: number, countsAt: (call: number) => LiveCounts): number | undefined {
  let failures = 0;
  for (let call = 1; call <= calls; call += 1) {
    const counts = countsAt(call);
    const { only_baseline, neither } = counts.pairs;
    const now = only_baseline + neither + counts.unpaired.failed;
    if (now > failures && judgeLive(counts, PLAN).verdict === 'worse') return call;
    failures = now;
  }
  return undefined;
}

test('nothing is said before a call has ended', () => {
  expect(judgeLive(NONE, PLAN)).toEqual({ verdict: 'unsettled', reason: 'no call has ended yet' });
});

test('a release that fails every call is found within 9 pairs, and says how many failed', () => {
  const at = firstWorse(50, (only_baseline) => ({ ...NONE, pairs: { ...NO_PAIRS, only_baseline } }));
  expect(at).toBe(9);
  expect(judgeLive({ ...NONE, pairs: { ...NO_PAIRS, both: 3, only_baseline: 12 } }, PLAN)).toEqual({
    verdict: 'worse',
    reason: '12 of 15 calls failed that the release before served',
  });
});

test('one that fails every call that nobody can repeat is found within 2, where the one before is known to be good', () => {
  const at = firstWorse(50, (calls) => ({ ...NONE, unpaired: { calls, failed: calls } }));
  expect(at).toBe(2);
  expect(judgeLive({ ...NONE, unpaired: { calls: 3, failed: 3 } }, PLAN).reason).toBe(
    '3 of 3 calls failed, and 0 of 1000 of the release before',
  );
});

test('what the release before did is all that calls without pairs are held against', () => {
  const unpaired = { calls: 40, failed: 20 };
  expect(verdictOf({ unpaired, before: { calls: 400, failed: 4 } })).toBe('worse');
  expect(verdictOf({ unpaired, before: { calls: 400, failed: 200 } })).toBe('unsettled');
  expect(verdictOf({ unpaired, before: { calls: 0, failed: 0 } })).toBe('unsettled');
});

test('where nothing was called before, what the release before served in place of the other says how good it is', () => {
  const unknown = { ...NONE, before: { calls: 0, failed: 0 } };
  const at = firstWorse(100, (failed) => {
    const pairs = { ...NO_PAIRS, only_baseline: failed };
    return { ...unknown, pairs, unpaired: { calls: 20, failed: 0 } };
  });
  expect(at).toBe(24);
  // It fails the same calls: nothing tells the two apart.
  expect(verdictOf({ ...unknown, pairs: { ...NO_PAIRS, neither: 100 }, unpaired: { calls: 20, failed: 0 } })).not.toBe(
    'worse',
  );
});

test('one that does as well is shown to be no worse, on pairs, on calls without, and on both', () => {
  expect(verdictOf({ pairs: { ...NO_PAIRS, both: 400 } })).toBe('no_worse');
  expect(verdictOf({ unpaired: { calls: 500, failed: 0 } })).toBe('no_worse');
  expect(verdictOf({ pairs: { ...NO_PAIRS, both: 200 }, unpaired: { calls: 300, failed: 0 } })).toBe('no_worse');
  expect(verdictOf({ pairs: { ...NO_PAIRS, both: 50 } })).toBe('unsettled');
});

test('more calls that only the release before served than the policy lets pass are worse at once', () => {
  const plan = { policy: 'noninferiority:margin=0.02,flips_max=0' };
  expect(verdictOf({ pairs: { ...NO_PAIRS, both: 500, only_baseline: 1 } }, plan)).toBe('worse');
  expect(verdictOf({ pairs: { ...NO_PAIRS, both: 500 } }, plan)).toBe('no_worse');
});

test('failures that the one before was asked again for are no pairs of their own beside calls that went well', () => {
  // Both fail 5 % by chance: each failure of the one in service is served by the one before.
  const pairs = { ...NO_PAIRS, only_baseline: 50 };
  expect(verdictOf({ pairs, unpaired: { calls: 950, failed: 0 }, before: { calls: 1_000, failed: 50 } })).not.toBe(
    'worse',
  );
});

test('pairs alone are judged as the e-process of the statistics judges them, at half of the alpha', () => {
  for (const only_baseline of [0, 1, 3, 8, 9, 12, 30]) {
    for (const both of [0, 20, 100, 290, 320, 800]) {
      if (only_baseline + both === 0) continue;
      const [worse, noWorse] = [0.02, -0.02].map((m) => {
        const [onlyCandidate, onlyBaseline] = m > 0 ? [only_baseline, 0] : [0, only_baseline];
        return eProcess({ onlyCandidate, onlyBaseline, same: both }, { m, alpha: 0.0125 }).promote;
      });
      const expected = worse === true ? 'worse' : noWorse === true ? 'no_worse' : 'unsettled';
      expect(verdictOf({ pairs: { ...NO_PAIRS, both, only_baseline } })).toBe(expected);
    }
  }
});

const RUNS = 400;
const CALLS = 400;

/** Share of runs in which an equal release is ever called worse, with a look after each call. */
function shareWorse(seed: string, run: (next: () => number) => (call: number) => LiveCounts): number {
  const { next } = createRandom(seed);
  let worse = 0;
  for (let time = 0; time < RUNS; time += 1) if (firstWorse(CALLS, run(next)) !== undefined) worse += 1;
  return worse / RUNS;
}

/** Both have each call. */
function pairedStream(rate: number) {
  return (next: () => number) => {
    let pairs = NO_PAIRS;
    return (): LiveCounts => {
      const [baseline, candidate] = [next() < rate, next() < rate];
      const end = baseline ? (candidate ? 'neither' : 'only_candidate') : candidate ? 'only_baseline' : 'both';
      pairs = { ...pairs, [end]: pairs[end] + 1 };
      return { ...NONE, pairs };
    };
  };
}

/** The candidate has each call, and the one before those that it fails, where they may be repeated. */
function servedStream(rate: number, isRepeatable: boolean) {
  return (next: () => number) => {
    const before = { calls: 200, failed: Array.from({ length: 200 }, next).filter((luck) => luck < rate).length };
    let counts: LiveCounts = { ...NONE, before };
    return (): LiveCounts => {
      const isFailed = next() < rate;
      const end = isFailed && isRepeatable ? (next() < rate ? 'neither' : 'only_baseline') : undefined;
      const { pairs, unpaired } = counts;
      counts =
        end === undefined
          ? { ...counts, unpaired: { calls: unpaired.calls + 1, failed: unpaired.failed + (isFailed ? 1 : 0) } }
          : { ...counts, pairs: { ...pairs, [end]: pairs[end] + 1 } };
      return counts;
    };
  };
}

test.for([0.01, 0.05, 0.2])(
  'looked at after every call, an equal release is called worse in at most one run of twenty, both failing %s of them',
  (rate) => {
    expect(shareWorse('paired', pairedStream(rate))).toBeLessThanOrEqual(0.05);
    expect(shareWorse('served', servedStream(rate, true))).toBeLessThanOrEqual(0.05);
    expect(shareWorse('unrepeatable', servedStream(rate, false))).toBeLessThanOrEqual(0.05);
  },
);

test('one that is worse by as much as the margin is called worse in at most 5 % of runs, one that is far worse in nearly all', () => {
  const atMargin = (next: () => number) => {
    let pairs = NO_PAIRS;
    return (): LiveCounts => {
      pairs = next() < 0.02 ? { ...pairs, only_baseline: pairs.only_baseline + 1 } : { ...pairs, both: pairs.both + 1 };
      return { ...NONE, pairs };
    };
  };
  expect(shareWorse('margin', atMargin)).toBeLessThanOrEqual(0.05);
  const farWorse = (next: () => number) => {
    let unpaired = { calls: 0, failed: 0 };
    return (): LiveCounts => {
      unpaired = { calls: unpaired.calls + 1, failed: unpaired.failed + (next() < 0.2 ? 1 : 0) };
      return { ...NONE, unpaired };
    };
  };
  expect(shareWorse('far', farWorse)).toBeGreaterThan(0.95);
});
