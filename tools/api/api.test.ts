/** The public surface: documented, with a stability for each name, and not changed without being said. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { checkSurfaceNote } from '../tidy/commit-message.ts';
import { readTree } from '../tidy/tree.ts';
import { renderApi } from './render.ts';
import { readSurface } from './surface.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const surface = readSurface(readTree(ROOT));

test('[F000-36, F002-31] every exported name has a docstring and one of @public, @experimental, @internal', () => {
  const lacking = surface.filter(({ doc, stability }) => doc === '' || stability === undefined);
  expect(lacking.map(({ path, name }) => `${path} ${name}`)).toEqual([]);
});

test('[F004-29] docs/api and the list of the surface are what the code says; `npm run docs:api` writes them', async () => {
  for (const [path, text] of await renderApi(surface)) {
    expect(readFileSync(join(ROOT, path), 'utf8'), `run \`npm run docs:api\`: ${path}`).toBe(text);
  }
}, 60_000);

const SOURCES = new Map([
  ['packages/sdk/src/index.ts', `export { add, type Sum } from './add.ts';\nexport { Box, LIST } from './box.ts';`],
  [
    'packages/sdk/src/add.ts',
    `/**\n * Adds.\n *\n * @param a - One.\n * @public\n */\nexport function add(a: number): Sum {\n  return a;\n}\n/** A sum. @experimental */\nexport type Sum = number;`,
  ],
  [
    'packages/sdk/src/box.ts',
    `/**\n * Holds.\n * @public\n */\nclass Box {\n  readonly a: number = 1;\n  #b = 2;\n  /** Opens. */\n  open(): number {\n    return this.#b;\n  }\n}\nexport { Box };\n/** Words. */\nexport const LIST = ['${'x'.repeat(300)}'];`,
  ],
]);

test('a signature has no body and nothing private, and follows the name to where it is declared', () => {
  expect(readSurface(SOURCES)).toMatchObject([
    { name: 'Box', stability: 'public', signature: 'class Box {\n  readonly a: number;\n  open(): number;\n}' },
    { name: 'LIST', stability: undefined, signature: 'const LIST;' },
    { name: 'Sum', path: 'packages/sdk/src/add.ts', signature: 'type Sum = number;' },
    { name: 'add', stability: 'public', doc: 'Adds.\n\n@param a - One.', signature: 'function add(a: number): Sum;' },
  ]);
});

test('the list tells a changed signature by its digest, and a reformatted one is the same', async () => {
  const listOf = async (from: string, to: string): Promise<string | undefined> => {
    const sources = new Map([...SOURCES].map(([path, text]) => [path, text.replace(from, to)]));
    return (await renderApi(readSurface(sources))).get('test/pins/public-api.json');
  };
  const now = await listOf('', '');
  expect(await listOf('a: number): Sum', 'a:  number ): Sum'.replace(' )', ')'))).toBe(now);
  expect(await listOf('a: number): Sum', 'a: string): Sum')).not.toBe(now);
});

test.each([
  [['test/pins/public-api.json'], false],
  [['test/pins/public-api.json', 'changes/dev.added.md'], true],
  [['test/pins/public-api.json', 'changes/README.md'], false],
  [['packages/host/src/host.ts'], true],
])('a commit of %j is refused where it changes the surface without a change note', (paths, isFine) => {
  expect(checkSurfaceNote(paths)).toHaveLength(isFine ? 0 : 1);
});
