import fc from 'fast-check';
import { OUTCOME_KINDS } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import type { CallCount } from '../storage/records-port.ts';
import { addLiveCounts, NO_CALLS, NO_PAIRS, toLiveCounts } from './live-counts.ts';

const RELEASES = { candidate: 'new', baseline: 'old' };

test('a call that the candidate failed and the release before served is a pair, and no failure of its own', () => {
  const since: readonly CallCount[] = [
    { digest: 'new', outcome: 'ok', calls: 90 },
    { digest: 'new', outcome: 'crashed', calls: 7 },
    { digest: 'new', outcome: 'invalid_input', calls: 3 },
    { digest: 'old', outcome: 'ok', calls: 8 },
    { digest: 'old', outcome: 'tool_error', calls: 1 },
  ];
  const before: readonly CallCount[] = [
    { digest: 'old', outcome: 'ok', calls: 40 },
    { digest: 'old', outcome: 'tool_error', calls: 2 },
    { digest: 'old', outcome: 'invalid_input', calls: 5 },
    { digest: 'other', outcome: 'crashed', calls: 9 },
  ];
  expect(toLiveCounts({ since, before }, RELEASES)).toEqual({
    pairs: { ...NO_PAIRS, only_baseline: 8, neither: 1 },
    unpaired: { calls: 90, failed: 0 },
    before: { calls: 42, failed: 2 },
  });
});

test('calls that were on their way to the release before are no pairs where the candidate failed none', () => {
  const since: readonly CallCount[] = [
    { digest: 'old', outcome: 'ok', calls: 5 },
    { digest: 'new', outcome: 'ok', calls: 2 },
  ];
  const { pairs, unpaired } = toLiveCounts({ since, before: [] }, RELEASES);
  expect({ pairs, unpaired }).toEqual({ pairs: NO_PAIRS, unpaired: { calls: 2, failed: 0 } });
});

test('a failure that could not be repeated stands alone, and what a caller is answerable for does not count', () => {
  const since: readonly CallCount[] = [
    { digest: 'new', outcome: 'tool_error', calls: 3 },
    { digest: 'new', outcome: 'denied', calls: 4 },
    { digest: 'new', outcome: 'cancelled', calls: 4 },
    { digest: 'new', outcome: 'ok', calls: 1 },
  ];
  const counts = toLiveCounts({ since, before: [] }, RELEASES);
  expect(counts).toEqual({
    pairs: NO_PAIRS,
    unpaired: { calls: 4, failed: 3 },
    before: NO_CALLS,
  });
});

test('every failure of the candidate is counted once at most, and sums are of each member', () => {
  const outcome = fc.constantFrom('ok' as const, ...OUTCOME_KINDS);
  const row = fc.record({ digest: fc.constantFrom('new', 'old', null), outcome, calls: fc.nat(50) });
  fc.assert(
    fc.property(fc.array(row), fc.array(row), (since, before) => {
      const counts = toLiveCounts({ since, before }, RELEASES);
      const { pairs, unpaired } = counts;
      const candidate = since.filter(({ digest, outcome: end }) => digest === 'new' && end !== 'ok');
      const failed = candidate.reduce((total, { calls }) => total + calls, 0);
      expect(pairs.only_baseline + pairs.neither + unpaired.failed).toBeLessThanOrEqual(failed);
      const twice = addLiveCounts([counts, counts]);
      expect(twice.pairs.only_baseline).toBe(2 * pairs.only_baseline);
      expect(twice.unpaired).toEqual({ calls: 2 * unpaired.calls, failed: 2 * unpaired.failed });
    }),
  );
});
