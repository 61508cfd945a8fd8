import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Quota } from '../storage/catalogue-port.ts';
import { createQuotaUse, findExceeded, isDrained, useCall, useGuests, type QuotaUse } from './quota.ts';

/** Lets a call in if the quota does; returns whether it did. */
function tryCall(use: QuotaUse, quota: Quota, now: number): boolean {
  const isLetIn = findExceeded({ use, quota, now }) === undefined;
  if (isLetIn) useCall({ use, quota, now });
  return isLetIn;
}

const rates = fc.double({ min: 0.01, max: 10_000, noNaN: true });

test('a tenant without quotas is never refused, and nothing is noted of it', () => {
  const use = createQuotaUse();
  useGuests({ use, quota: {}, now: 5 }, { cpuMs: 1e9, memoryMbMs: 1e12 });
  expect(tryCall(use, {}, 6)).toBe(true);
  expect(use).toEqual(createQuotaUse());
});

test('Q1: in any time, no more calls are let in than a second’s worth and those of the time', () => {
  const gaps = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(rates, gaps, (rate, waits) => {
      const use = createQuotaUse();
      const letIn: number[] = [];
      let now = 1_000;
      for (const wait of waits) {
        now += wait;
        if (tryCall(use, { calls_per_second: rate }, now)) letIn.push(now);
      }
      letIn.forEach((from, first) => {
        const last = letIn.length - 1;
        const timeMs = (letIn[last] ?? from) - from;
        expect(last - first + 1).toBeLessThanOrEqual(Math.max(1, rate) + (timeMs * rate) / 1_000 + 1e-6);
      });
    }),
  );
});

test('a tenant that has been quiet may make a second’s worth of calls at once', () => {
  const use = createQuotaUse();
  const quota = { calls_per_second: 10 };
  const letIn = Array.from({ length: 20 }, () => tryCall(use, quota, 3_000)).filter(Boolean);
  expect(letIn).toHaveLength(10);
  expect(findExceeded({ use, quota, now: 3_000 })).toEqual({
    name: 'calls_per_second',
    unit: 'calls',
    allowed: 10,
    observed: 11,
    retryAfterMs: 101,
  });
});

test('less than one call a second lets one in, and the next after its time', () => {
  const use = createQuotaUse();
  const quota = { calls_per_second: 0.1 };
  expect([0, 9_999, 10_001].map((now) => tryCall(use, quota, now))).toEqual([true, false, true]);
});

test('Q4: a call is let in after the time that its refusal told, and not a millisecond before', () => {
  const quotas = fc.oneof(
    fc.record({ calls_per_second: rates }),
    fc.record({ cpu_seconds_per_minute: rates }),
    fc.record({ memory_mb_minutes_per_minute: rates }),
  );
  fc.assert(
    fc.property(quotas, fc.integer({ min: 1, max: 1e6 }), (quota, usedMs) => {
      const use = createQuotaUse();
      const now = 1_000;
      while ('calls_per_second' in quota && tryCall(use, quota, now));
      useGuests({ use, quota, now }, { cpuMs: 1e7 + usedMs, memoryMbMs: 6e8 + usedMs });
      const retryAfterMs = findExceeded({ use, quota, now })?.retryAfterMs ?? Number.NaN;
      expect(retryAfterMs).toBeGreaterThan(0);
      if (retryAfterMs > 1) expect(findExceeded({ use, quota, now: now + retryAfterMs - 1.001 })).toBeDefined();
      expect(findExceeded({ use, quota, now: now + retryAfterMs })).toBeUndefined();
    }),
  );
});

test('Q2: CPU time beyond the quota is a debt that later calls wait for', () => {
  const use = createQuotaUse();
  const quota = { cpu_seconds_per_minute: 6 };
  useGuests({ use, quota, now: 0 }, { cpuMs: 5_000, memoryMbMs: 0 });
  expect(findExceeded({ use, quota, now: 0 })).toBeUndefined();
  useGuests({ use, quota, now: 0 }, { cpuMs: 4_000, memoryMbMs: 0 });
  expect(findExceeded({ use, quota, now: 0 })).toEqual({
    name: 'cpu_seconds_per_minute',
    unit: 's',
    allowed: 6,
    observed: 9,
    retryAfterMs: 30_001,
  });
});

test('memory that is held counts with its time', () => {
  const use = createQuotaUse();
  const quota = { memory_mb_minutes_per_minute: 100 };
  useGuests({ use, quota, now: 60_000 }, { cpuMs: 0, memoryMbMs: 250 * 60_000 });
  expect(findExceeded({ use, quota, now: 60_000 })).toMatchObject({ unit: 'MiB min', allowed: 100, observed: 250 });
  expect(findExceeded({ use, quota, now: 150_001 })).toBeUndefined();
});

test('Q3: a quota that changes judges what was used anew', () => {
  const use = createQuotaUse();
  for (let call = 0; call < 5; call += 1) useCall({ use, quota: { calls_per_second: 10 }, now: 0 });
  expect(tryCall(use, { calls_per_second: 5 }, 0)).toBe(false);
  expect(tryCall(use, { calls_per_second: 6 }, 0)).toBe(true);
  expect(tryCall(use, {}, 0)).toBe(true);
});

test('a quota of nothing lets nothing in, and tells no time', () => {
  const names = ['calls_per_second', 'cpu_seconds_per_minute', 'memory_mb_minutes_per_minute'] as const;
  for (const name of names) {
    const exceeded = findExceeded({ use: createQuotaUse(), quota: { [name]: 0 }, now: 1e6 });
    expect(exceeded).toMatchObject({ name, allowed: 0, retryAfterMs: undefined });
  }
});

test('an account has drained when a new one would judge alike', () => {
  const use = createQuotaUse();
  const quota = { calls_per_second: 2, cpu_seconds_per_minute: 60 };
  useCall({ use, quota, now: 0 });
  useGuests({ use, quota, now: 0 }, { cpuMs: 2_000, memoryMbMs: 0 });
  expect([499, 500, 1_999, 2_000].map((now) => isDrained({ use, quota, now }))).toEqual([false, false, false, true]);
});
