import { ERRORS, OUTCOME_KINDS, type ErrorCode, type OutcomeKind } from '@bulkhead/protocol';
import { describe, expect, test } from 'vitest';
import { effectOf } from './effect.ts';

// Written out from CONTRACTS decision 15, not derived from the table under test.
const FAILING: readonly OutcomeKind[] = [
  'tool_error',
  'invalid_output',
  'output_too_large',
  'timeout',
  'out_of_memory',
  'crashed',
  'protocol_violation',
];
const FATAL: readonly OutcomeKind[] = ['timeout', 'out_of_memory', 'crashed', 'protocol_violation'];
const EXCEPTIONS: Partial<Record<ErrorCode, ReturnType<typeof effectOf>>> = {
  GUEST_LOST: { standing: undefined, counts: undefined, endsGuest: false },
  LOG_FLOOD: { standing: 'FAILED', counts: 'error', endsGuest: true },
  PLUGIN_UNAVAILABLE: { standing: 'UNAVAILABLE', counts: undefined, endsGuest: false },
  SANDBOX_TOO_WEAK: { standing: 'UNAVAILABLE', counts: undefined, endsGuest: false },
  ARTIFACT_CORRUPT: { standing: 'UNAVAILABLE', counts: undefined, endsGuest: false },
};

function ofKind(kind: OutcomeKind): ReturnType<typeof effectOf> {
  const isFailing = FAILING.includes(kind);
  return {
    standing: isFailing ? 'FAILED' : undefined,
    counts: isFailing ? 'error' : undefined,
    endsGuest: FATAL.includes(kind),
  };
}

describe('effect of an outcome on the registry (decision 15)', () => {
  test('a good call leaves the plugin initialised and counts one success', () => {
    expect(effectOf(undefined)).toEqual({ standing: 'INITIALIZED', counts: 'success', endsGuest: false });
  });

  test.each(Object.entries(ERRORS))('%s does what decision 15 says', (code, row) => {
    const exception = Object.entries(EXCEPTIONS).find(([name]) => name === code)?.[1];
    expect(effectOf({ code, kind: row.kind })).toEqual(exception ?? ofKind(row.kind));
  });

  test.each(OUTCOME_KINDS)('an unknown code of kind %s has the effect of its kind', (kind) => {
    expect(effectOf({ code: 'FROM_A_LATER_VERSION', kind })).toEqual(ofKind(kind));
  });

  test('[F001-27] no outcome that the caller or the host caused makes the plugin FAILED', () => {
    for (const kind of ['invalid_input', 'denied', 'over_quota', 'overloaded', 'cancelled'] as const) {
      expect(effectOf({ code: 'X', kind }).standing).toBeUndefined();
    }
  });
});
