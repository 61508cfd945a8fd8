import { expect, test } from 'vitest';
import { createCallIds } from './call-ids.ts';

const UUID_8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('ids are UUIDs of version 8, in the order of their calls', () => {
  const next = createCallIds();
  const ids = Array.from({ length: 300 }, next);
  for (const id of ids) expect(id).toMatch(UUID_8);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(300);
});

test('two sources share no id', () => {
  expect(createCallIds()().slice(0, 24)).not.toBe(createCallIds()().slice(0, 24));
});
