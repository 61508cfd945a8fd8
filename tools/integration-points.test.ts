import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const document = await readFile(new URL('../docs/PLUGIN_SDK.md', import.meta.url), 'utf8');

test.each([
  ['F004-2', 'Memory System'],
  ['F004-3', 'Thread Management'],
  ['F004-4', 'Event System'],
  ['F004-5', 'Configuration System'],
  ['F004-6', 'Health Monitoring'],
])('the SDK document says how far %s, the %s, goes [F004-2, F004-3, F004-4, F004-5, F004-6]', (id, point) => {
  const row = document.split('\n').find((line) => line.startsWith(`| ${point}`));
  expect(row).toContain(id);
  expect(row?.split('|').at(-2)?.trim().length).toBeGreaterThan(20);
});
