import { expect, test } from 'vitest';
import { createCallIds } from './call-ids.ts';

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NOW = Date.UTC(2026, 0, 1);

/** The milliseconds since the epoch that a UUID of version 7 begins with. */
const timeOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

test('ids are UUIDs of version 7, in the order of their calls', () => {
  const next = createCallIds();
  const ids = Array.from({ length: 300 }, (_, index) => next(NOW + index * 100));
  for (const id of ids) expect(id).toMatch(UUID_7);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(300);
});

test('an id begins with its time, to the second', () => {
  const next = createCallIds();
  for (const since of [0, 999, 1_000, 60_000, 60_500]) {
    const age = NOW + since - timeOf(next(NOW + since));
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(1_000);
  }
});

test('ids keep their order where the clock is set back', () => {
  const next = createCallIds();
  const ids = [NOW, NOW - 3_600_000, NOW - 1, NOW + 5_000].map(next);
  expect(ids.toSorted()).toEqual(ids);
});

test('two sources share no id of one moment', () => {
  const [one, other] = [createCallIds(), createCallIds()];
  const ids = Array.from({ length: 1_000 }, () => [one(NOW), other(NOW)]).flat();
  expect(new Set(ids).size).toBe(2_000);
});

test('ids keep their order where the digits that change from call to call run out', () => {
  const next = createCallIds(() => '00000000-0000-4000-8000-00009efffffd');
  const ids = Array.from({ length: 5 }, () => next(NOW));
  for (const id of ids) expect(id).toMatch(UUID_7);
  expect(ids.toSorted()).toEqual(ids);
  const lastGroups = ['00009ffffffe', '00009fffffff', '0000a1000000', '0000a1000001', '0000a1000002'];
  expect(ids.map((id) => id.slice(24))).toEqual(lastGroups);
});
