/**
 * Whether each side of a case passed, a byte a case: both sides, and what the pair is once it is whole.
 */
import type { MonitorContext, MonitorRecord } from '@bulkhead/protocol';
import { assertCaseIndex, roomFor } from './paired-figures.ts';

/** What became of a pair, as the cells of a table of pairs. */
export type PairOutcome = 'both' | 'onlyCandidate' | 'onlyBaseline' | 'neither';

/** Sides as they come. */
export interface PairedPasses {
  /** Takes one side; says what the pair is where this record made it whole, and undefined where it did not. */
  readonly take: (record: MonitorRecord) => PairOutcome | undefined;
  /** Further records of a case and side, which count for nothing. */
  readonly repeats: () => number;
  /** Cases of which one side has been seen. */
  readonly unpaired: () => number;
}

/** Bits of a case's byte: which sides were seen, and which passed. */
const BITS = { baseline: { seen: 1, passed: 2 }, candidate: { seen: 4, passed: 8 } } as const;
const BOTH_SEEN = BITS.baseline.seen | BITS.candidate.seen;

/**
 * Starts without any.
 *
 * @throws {GuardError} From `take`: `MONITOR_RECORD_INVALID` where the record's index is no index of a case.
 */
export function createPairedPasses({ total_cases }: Pick<MonitorContext, 'total_cases'>): PairedPasses {
  let cases = new Uint8Array(roomFor(total_cases));
  let [repeats, records, pairs] = [0, 0, 0];
  const take = ({ case_index, role, success }: MonitorRecord): PairOutcome | undefined => {
    assertCaseIndex(case_index);
    cases = withRoom(cases, case_index);
    const before = cases[case_index] ?? 0;
    const bits = BITS[role];
    if ((before & bits.seen) !== 0) {
      repeats += 1;
      return undefined;
    }
    const now = before | bits.seen | (success ? bits.passed : 0);
    cases[case_index] = now;
    records += 1;
    if ((now & BOTH_SEEN) !== BOTH_SEEN) return undefined;
    pairs += 1;
    return outcomeOf(now);
  };
  return { take, repeats: () => repeats, unpaired: () => records - 2 * pairs };
}

function withRoom(cases: Uint8Array<ArrayBuffer>, index: number): Uint8Array<ArrayBuffer> {
  if (index < cases.length) return cases;
  const longer = new Uint8Array(Math.max(index + 1, 2 * cases.length));
  longer.set(cases);
  return longer;
}

function outcomeOf(bits: number): PairOutcome {
  const baseline = (bits & BITS.baseline.passed) !== 0;
  const candidate = (bits & BITS.candidate.passed) !== 0;
  if (baseline && candidate) return 'both';
  if (candidate) return 'onlyCandidate';
  return baseline ? 'onlyBaseline' : 'neither';
}
