/** docs/handlers.md, held to the tags of the code and to what the handlers that come with Bulkhead say of themselves. */
import { CAPABILITY_TAGS, createHost } from '@bulkhead/host';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

/** Rows of a table of a document, as cells. */
function rowsIn(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n').filter((line) => line.startsWith('| '));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test('the appendix has every capability tag with its meaning and what it implies, and no other [F000-10] [X000-7]', async () => {
  const [, appendix = ''] = (await read('docs/handlers.md')).split('## Appendix: capability tags of tasks');
  const rows = Object.entries(CAPABILITY_TAGS).map(([tag, { meaning, implies }]) => [
    `\`${tag}\``,
    meaning,
    implies.map((each) => `\`${each}\``).join(', '),
  ]);
  expect(rowsIn(appendix).slice(2)).toEqual(rows);
  expect(await read('README.md')).toContain('(docs/handlers.md#appendix-capability-tags-of-tasks)');
});

test('the table of handlers is what their plugins say in the sandbox, and each README has its tags [F000-4] [F000-5] [X000-18]', async () => {
  await using host = await createHost({ spareCount: 0 });
  const [, section = ''] = (await read('docs/handlers.md')).split('## Those that come with Bulkhead');
  const [table = ''] = section.split('Their READMEs');
  const rows = rowsIn(table).slice(2);
  const plugins = [...new Set(rows.map(([link = '']) => /`(\w+)`/.exec(link)?.[1] ?? ''))];
  for (const plugin of plugins) await host.install(join(root, 'plugins', plugin));
  const said = host
    .entries()
    .map(({ plugin, name, about }) => [plugin, name, about['kind'], about['provides']] as const);
  const words = (cell = ''): readonly string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, word = '']) => word);
  expect(rows.map(([link, name, kind, tags]) => [words(link)[0], words(name)[0], words(kind)[0], words(tags)])).toEqual(
    said,
  );
  for (const [plugin, , , tags] of said) {
    const readme = await read(`plugins/${plugin}/README.md`);
    for (const tag of tags as readonly string[]) expect(readme).toContain(`\`${tag}\``); // By the table above.
  }
});
