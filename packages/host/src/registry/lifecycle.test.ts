import { LIFECYCLE_STATES } from '@bulkhead/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LOADED, next, stateOf, type Lifecycle, type LifecycleEvent } from './lifecycle.ts';

const EVENTS: readonly LifecycleEvent[] = [
  'loaded',
  'initialized',
  'failed',
  'unavailable',
  'call_started',
  'call_succeeded',
  'call_succeeded_breaker_open',
  'call_failed',
  'call_unavailable',
  'call_unjudged',
];
const after = (...events: readonly LifecycleEvent[]): Lifecycle => events.reduce(next, LOADED);

describe('lifecycle', () => {
  test('[X001-1] a plugin goes LOADED, INITIALIZED, RUNNING and back to INITIALIZED', () => {
    expect(stateOf(LOADED)).toBe('LOADED');
    expect(stateOf(after('initialized'))).toBe('INITIALIZED');
    expect(stateOf(after('initialized', 'call_started'))).toBe('RUNNING');
    expect(stateOf(after('initialized', 'call_started', 'call_succeeded'))).toBe('INITIALIZED');
  });

  test('RUNNING is shown until the last of several calls has ended', () => {
    const two = after('initialized', 'call_started', 'call_started', 'call_failed');
    expect(stateOf(two)).toBe('RUNNING');
    expect(stateOf(next(two, 'call_unjudged'))).toBe('FAILED');
  });

  test('a good call after a failed one brings INITIALIZED back', () => {
    expect(stateOf(after('call_started', 'call_failed', 'call_started', 'call_succeeded'))).toBe('INITIALIZED');
  });

  test('a good call does not bring INITIALIZED back while the breaker is open', () => {
    expect(stateOf(after('failed', 'call_started', 'call_succeeded_breaker_open'))).toBe('FAILED');
  });

  test('a cancelled call leaves FAILED as it was', () => {
    expect(stateOf(after('failed', 'call_started', 'call_unjudged'))).toBe('FAILED');
  });

  test('[F001-28] UNAVAILABLE is not left by any call, whatever becomes of it', () => {
    for (const end of ['call_succeeded', 'call_succeeded_breaker_open', 'call_failed', 'call_unjudged'] as const) {
      expect(stateOf(after('unavailable', 'call_started', end))).toBe('UNAVAILABLE');
    }
  });

  test('after any events the state is one of the five, RUNNING exactly with calls in flight, and no count is negative', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 60 }), (events) => {
        let lifecycle = LOADED;
        for (const event of events) {
          lifecycle = next(lifecycle, event);
          expect(LIFECYCLE_STATES).toContain(stateOf(lifecycle));
          expect(stateOf(lifecycle) === 'RUNNING').toBe(lifecycle.callsInFlight > 0);
          expect(lifecycle.callsInFlight).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
