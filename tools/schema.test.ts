import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { renderSchema, withFieldTable } from './schema.ts';

const read = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), 'utf8');
// Where these two fail: `node --conditions=source tools/schema.ts` writes both files.

test('packages/protocol/plugin.schema.json is the schema of the code', async () => {
  expect(await read('packages/protocol/plugin.schema.json')).toBe(await renderSchema());
});

test('docs/manifest.md lists every field of the schema, as the schema describes it [F003-17]', async () => {
  const page = await read('docs/manifest.md');
  expect(page).toBe(await withFieldTable(page));
  expect(page).not.toMatch(/^\|[^|]+\|[^|]+\|\s*\|$/m);
});

test('a page without the marks is refused', () => {
  expect(() => withFieldTable('# plugin.json')).toThrow(
    'docs/manifest.md has no "<!-- fields: written by tools/schema.ts -->"',
  );
});
