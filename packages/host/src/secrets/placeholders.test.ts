import { expect, test } from 'vitest';
import { createPlaceholders } from './placeholders.ts';

const which = { tenant_id: 'acme', plugin_name: 'weather', name: 'API_KEY' };
const placeholderOf = createPlaceholders(new Uint8Array(32).fill(1));

test('a placeholder is the same for one secret, and another’s for every other tenant, plugin, name and host', () => {
  const others = [{ tenant_id: 'rival' }, { plugin_name: 'climate' }, { name: 'KEY' }].map((change) => ({
    ...which,
    ...change,
  }));
  const all = [...[which, ...others].map(placeholderOf), createPlaceholders(new Uint8Array(32).fill(2))(which)];
  expect(new Set(all).size).toBe(5);
  expect(placeholderOf({ ...which })).toBe(all[0]);
  for (const text of all) expect(text).toMatch(/^bulkhead_secret_[0-9a-f]{39}$/);
});
