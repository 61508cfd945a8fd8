import { expect, test } from 'vitest';
import { storedWord, tenantUuid } from './tenant-id.ts';

test('a UUID is its own, and no word is kept beside it', () => {
  const id = '5f0b8a9e-3c1d-4e2f-8a7b-9c0d1e2f3a4b';
  expect([tenantUuid(id), storedWord(id)]).toEqual([id, null]);
});

test('a word has the same UUID of version 5 on every node and in every release', () => {
  expect(tenantUuid('default')).toBe('44be83a5-0443-5fbb-a717-966b222d39c2');
  expect(storedWord('default')).toBe('default');
});

test('words that differ in case or a dash are tenants of their own', () => {
  const words = ['acme', 'Acme', 'acme-', '5f0b8a9e3c1d4e2f8a7b9c0d1e2f3a4b', '5F0B8A9E-3C1D-4E2F-8A7B-9C0D1E2F3A4B'];
  const ids = words.map(tenantUuid);
  expect(new Set(ids).size).toBe(words.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
