import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, pause, retryAfterMs } from './retries.ts';

test('waits double from half a second to eight, a tenth more or less [X002-12]', () => {
  expect([0, 1, 2, 3, 4, 5, 60].map((n) => backoffMs(n, 0.5))).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  expect([backoffMs(0, 0), backoffMs(0, 1)]).toEqual([450, 550]);
  fc.assert(
    fc.property(fc.nat(100), fc.double({ min: 0, max: 1, noNaN: true }), (n, random) => {
      expect(backoffMs(n, random)).toBeLessThanOrEqual(8_800);
      expect(backoffMs(n, random)).toBeGreaterThanOrEqual(450);
    }),
  );
});

const WALL = Date.UTC(2026, 0, 1, 12, 0, 0);

test.for<[string | null, number | undefined]>([
  [null, undefined],
  ['7', 7_000],
  ['0', 0],
  ['86400', 60_000],
  ['Thu, 01 Jan 2026 12:00:09 GMT', 9_000],
  ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
  ['Fri, 02 Jan 2026 12:00:00 GMT', 60_000],
  ['-1', undefined],
  ['1.5', undefined],
  ['2026', 60_000],
  ['2026-01-01', undefined],
  ['soon', undefined],
])('Retry-After %j asks for %j milliseconds [X002-12]', ([header, expected]) => {
  expect(retryAfterMs(header, WALL)).toBe(expected);
});

test('a wait ends with its timer, or where it is called off', async () => {
  const waits: number[] = [];
  const cancelled: number[] = [];
  const now = (waitMs: number, didElapse: () => void) => {
    waits.push(waitMs);
    didElapse();
    return () => void cancelled.push(waitMs);
  };
  await pause(now, 5, undefined);
  await expect(pause(now, 6, AbortSignal.abort())).rejects.toThrow('called off');
  const controller = new AbortController();
  const waiting = pause(() => () => void cancelled.push(7), 7, controller.signal);
  controller.abort();
  await expect(waiting).rejects.toThrow('called off');
  expect([waits, cancelled]).toEqual([[5], [5, 7]]);
});
