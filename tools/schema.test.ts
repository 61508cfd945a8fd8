import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { renderSchema, renderTaskSchema, TASK_SCHEMAS, withFieldTable } from './schema.ts';

const read = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), 'utf8');
// Where these fail: `node --conditions=source tools/schema.ts` writes the files.

test('packages/protocol/plugin.schema.json is the schema of the code', async () => {
  expect(await read('packages/protocol/plugin.schema.json')).toBe(await renderSchema());
});

test.each(Object.keys(TASK_SCHEMAS))('%s is the schema of the code, in draft-07 [X000-4]', async (path) => {
  const text = await read(path);
  expect(text).toBe(await renderTaskSchema(path));
  expect(JSON.parse(text)).toMatchObject({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' });
});

test('the published schemas require every field that producers emit [X000-4] [X000-5]', async () => {
  const requiredOf = async (path: string): Promise<unknown> =>
    (JSON.parse(await read(path)) as { readonly required: unknown }).required; // The test above has looked at it.
  const task = ['kind', 'id', 'payload', 'requires', 'attempts', 'created_at', 'schema_v'];
  expect(await requiredOf('packages/protocol/task.schema.json')).toEqual(task);
  const result = ['task_id', 'status', 'data', 'created_at', 'attempts'];
  expect(await requiredOf('packages/protocol/result.schema.json')).toEqual(result);
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
