/**
 * What the ledger says of calls since a tenant was moved, as a judge wants it. Pure.
 *
 * Since the move a tenant's calls go to the candidate. A row of the release before is a call that the candidate failed and that was
 * given to it (`call/second-chance.ts`), or one that was on its way when the tenant moved; so there are never more pairs than calls
 * that the candidate failed.
 */
import type { OutcomeKind } from '@bulkhead/protocol';
import type { FailureCount, LiveCounts, PairCounts } from '../gate-api.ts';
import type { CallCount } from '../storage/records-port.ts';

/** Ends that the plugin answers for. */
const FAULTS: ReadonlySet<string> = new Set<OutcomeKind>([
  'tool_error',
  'invalid_output',
  'output_too_large',
  'timeout',
  'out_of_memory',
  'crashed',
  'protocol_violation',
  'breaker_open',
  'unavailable',
]);
/** Ends that a caller answers for, unless the release before would have taken the call. */
const REFUSALS: ReadonlySet<string> = new Set<OutcomeKind>(['invalid_input', 'not_found']);

/** No calls. */
export const NO_CALLS: FailureCount = { calls: 0, failed: 0 };
/** No pairs. */
export const NO_PAIRS: PairCounts = { both: 0, only_candidate: 0, only_baseline: 0, neither: 0 };

/** Counts for one tenant: calls since it was moved, and those before. */
export function toLiveCounts(
  { since, before }: { readonly since: readonly CallCount[]; readonly before: readonly CallCount[] },
  releases: { readonly candidate: string; readonly baseline: string },
): LiveCounts {
  const candidate = ofRelease(since, releases.candidate);
  const baseline = ofRelease(since, releases.baseline);
  const failed = candidate.faults + candidate.refusals;
  const onlyBaseline = Math.min(baseline.ok, failed);
  const neither = Math.min(baseline.faults + baseline.refusals, failed - onlyBaseline);
  const alone = Math.max(0, candidate.faults - onlyBaseline - neither);
  const earlier = ofRelease(before, releases.baseline);
  return {
    pairs: { ...NO_PAIRS, only_baseline: onlyBaseline, neither },
    unpaired: { calls: candidate.ok + alone, failed: alone },
    before: { calls: earlier.ok + earlier.faults, failed: earlier.faults },
  };
}

/** Joins what was counted of several tenants. */
export function addLiveCounts(all: readonly LiveCounts[]): LiveCounts {
  const sum = (of: (counts: LiveCounts) => number): number => all.reduce((total, counts) => total + of(counts), 0);
  return {
    pairs: {
      both: sum(({ pairs }) => pairs.both),
      only_candidate: sum(({ pairs }) => pairs.only_candidate),
      only_baseline: sum(({ pairs }) => pairs.only_baseline),
      neither: sum(({ pairs }) => pairs.neither),
    },
    unpaired: { calls: sum(({ unpaired }) => unpaired.calls), failed: sum(({ unpaired }) => unpaired.failed) },
    before: { calls: sum(({ before }) => before.calls), failed: sum(({ before }) => before.failed) },
  };
}

type Ends = { readonly ok: number; readonly faults: number; readonly refusals: number };

function ofRelease(rows: readonly CallCount[], digest: string): Ends {
  const own = rows.filter((row) => row.digest === digest);
  const count = (isMeant: (outcome: string) => boolean): number =>
    own.reduce((total, { outcome, calls }) => (isMeant(outcome) ? total + calls : total), 0);
  return {
    ok: count((outcome) => outcome === 'ok'),
    faults: count((outcome) => FAULTS.has(outcome)),
    refusals: count((outcome) => REFUSALS.has(outcome)),
  };
}
