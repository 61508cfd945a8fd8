import { expect, test } from 'vitest';
import { createCallRate } from './call-rate.ts';

test('a second’s worth of calls passes at once, and then as fast as it drains [X004-5]', () => {
  const rate = createCallRate(5);
  const at = (now: number) => rate.take('acme', now);
  expect(Array.from({ length: 5 }, () => at(0))).toEqual(Array.from({ length: 5 }, () => undefined));
  expect(at(0)).toBe(201);
  expect(at(199)).toBe(1);
  expect(at(201)).toBeUndefined();
  expect(at(201)).toBeGreaterThan(190);
  expect(Array.from({ length: 6 }, () => at(60_000)).filter((wait) => wait === undefined)).toHaveLength(5);
});

test('what is refused has used nothing, however often it asks [X004-9]', () => {
  const rate = createCallRate(1);
  expect(rate.take('acme', 0)).toBeUndefined();
  for (let index = 0; index < 1_000; index += 1) expect(rate.take('acme', 500)).toBe(501);
  expect(rate.take('acme', 1_001)).toBeUndefined();
});

test('one tenant’s calls take nothing from another’s, and who has not called for a second is forgotten [X004-9]', () => {
  const rate = createCallRate(1);
  for (let index = 0; index < 10_000; index += 1) expect(rate.take(`tenant-${index}`, 0)).toBeUndefined();
  expect(rate.size()).toBe(10_000);
  expect(rate.take('tenant-0', 2_000)).toBeUndefined();
  expect(rate.size()).toBe(1);
});
