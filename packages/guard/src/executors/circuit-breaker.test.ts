import fc from 'fast-check';
import { expect, test } from 'vitest';
import { breakerWaitMs, CLOSED, nextBreaker, OPEN_MS, type Breaker, type BreakerEvent } from './circuit-breaker.ts';

const after = (kinds: readonly BreakerEvent['kind'][], from: Breaker = CLOSED, nowMs = 0): Breaker =>
  kinds.reduce((breaker, kind) => nextBreaker(breaker, { kind, nowMs }), from);
const OPEN = after(Array.from({ length: 5 }, () => 'failed' as const));

test('five failures in a row open it for a minute [X002-12]', () => {
  expect(after(['failed', 'failed', 'failed', 'failed'])).toEqual({ kind: 'closed', failures: 4 });
  expect(OPEN).toEqual({ kind: 'open', untilMs: OPEN_MS });
  expect([breakerWaitMs(OPEN, 0), breakerWaitMs(OPEN, 59_999), breakerWaitMs(OPEN, 60_000)]).toEqual([60_000, 1, 0]);
});

test('a success between failures begins the count anew, and what tells nothing does not', () => {
  expect(after(['failed', 'failed', 'succeeded', 'failed'])).toEqual({ kind: 'closed', failures: 1 });
  expect(after(['failed', 'left', 'asked', 'failed'])).toEqual({ kind: 'closed', failures: 2 });
});

test('after the minute one at a time is let through, and two successes close it [X002-12]', () => {
  const probing = after(['asked'], OPEN, 60_000);
  expect(probing).toEqual({ kind: 'probing', successes: 0, isTaken: true });
  expect(breakerWaitMs(probing, 60_000)).toBe(1_000);
  const once = after(['succeeded'], probing, 60_000);
  expect(breakerWaitMs(once, 60_000)).toBe(0);
  expect(after(['asked', 'succeeded'], once, 60_000)).toEqual(CLOSED);
});

test('a probe that fails opens it again, and one that is left makes room for the next', () => {
  const probing = after(['asked'], OPEN, 60_000);
  expect(after(['failed'], probing, 60_000)).toEqual({ kind: 'open', untilMs: 120_000 });
  expect(breakerWaitMs(after(['left'], probing, 60_000), 60_000)).toBe(0);
});

test('what ends late does not move one that is open', () => {
  expect(after(['failed', 'succeeded', 'left'], OPEN, 61_000)).toBe(OPEN);
});

test('whatever happens, nobody is let through while it is open, and one at most while it probes', () => {
  const steps = fc.array(
    fc.tuple(fc.constantFrom<'ask' | BreakerEvent['kind']>('ask', 'succeeded', 'failed', 'left'), fc.nat(30_000)),
    {
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(steps, (all) => {
      let breaker: Breaker = CLOSED;
      let nowMs = 0;
      for (const [step, passedMs] of all) {
        nowMs += passedMs;
        const waitMs = breakerWaitMs(breaker, nowMs);
        if (step !== 'ask') breaker = nextBreaker(breaker, { kind: step, nowMs });
        else if (waitMs === 0) {
          breaker = nextBreaker(breaker, { kind: 'asked', nowMs });
          expect(breaker.kind === 'probing' ? breakerWaitMs(breaker, nowMs) > 0 : breaker.kind === 'closed').toBe(true);
        }
        expect(breakerWaitMs(breaker, nowMs)).toBeLessThanOrEqual(OPEN_MS);
      }
    }),
  );
});
