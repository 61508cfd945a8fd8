import { LIMITS, callError, type JsonObject } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RESTED, afterAttempt, mayHelpAgain, restMs, waitBefore, whileProbing } from './attempts.ts';

const refused = (metadata?: JsonObject) => ({ error: callError('PROVIDER_REFUSED'), metadata });

test.for([
  [{ status: 429 }, true],
  [{ status: 408 }, true],
  [{ status: 500 }, true],
  [{ status: 503 }, true],
  [{ status: 529 }, true],
  [undefined, true],
  [{ status: 400 }, false],
  [{ status: 401 }, false],
  [{ status: 404 }, false],
] as const)('what a provider refused with %j is tried again: %s', ([metadata, isTried]) => {
  expect(mayHelpAgain(refused(metadata))).toBe(isTried);
});

test.for([
  ['CALL_TIMEOUT', true],
  ['GUEST_LOST', true],
  ['BREAKER_OPEN', true],
  ['PLUGIN_THREW', false],
  ['PARAMS_INVALID', false],
  ['CALL_CANCELLED', false],
] as const)('a call of a backend that ended as %s is tried again: %s', ([code, isTried]) => {
  expect(mayHelpAgain({ error: callError(code), metadata: undefined })).toBe(isTried);
});

test('a provider’s own time is kept, and where it is too long there is no further attempt', () => {
  expect(waitBefore(1, refused({ status: 429, retry_after_ms: 1_200 }), 0.5)).toBe(1_200);
  expect(waitBefore(1, refused({ retry_after_ms: -5 }), 0.5)).toBe(0);
  expect(waitBefore(1, refused({ retry_after_ms: LIMITS.llm_wait_ms.value + 1 }), 0.5)).toBeUndefined();
});

test('else the wait is anything up to a bound that doubles', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (next, random) => {
        const bound = Math.min(LIMITS.llm_wait_ms.value, 500 * 2 ** (next - 1));
        expect(waitBefore(next, refused(), random)).toBe(random * bound);
      },
    ),
  );
});

test('a backend that failed five times in a row rests, each time longer, until it answers once', () => {
  let rest = RESTED;
  const fail = (now: number): void => void (rest = afterAttempt(rest, false, now));
  for (let count = 0; count < 4; count += 1) fail(0);
  expect(restMs(rest, 0)).toBe(0);
  fail(0);
  expect([0, 29_999, 30_000].map((now) => restMs(rest, now))).toEqual([30_000, 1, 0]);
  rest = whileProbing(rest, 30_000, 5_000);
  expect([restMs(rest, 30_000), restMs(rest, 35_000)]).toEqual([5_000, 0]);
  fail(31_000);
  expect(restMs(rest, 31_000)).toBe(60_000);
  for (let count = 0; count < 20; count += 1) fail(0);
  expect(restMs(rest, 0)).toBe(600_000);
  rest = afterAttempt(rest, true, 0);
  expect(rest).toBe(RESTED);
  expect(whileProbing(rest, 0, 5_000)).toBe(RESTED);
});
