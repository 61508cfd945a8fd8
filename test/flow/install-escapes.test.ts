/**
 * An install sees the plugin's own folder and nothing else: whatever names a file beyond it is refused, and the bytes of
 * such a file are nowhere on disk afterwards. Also where the checkout is below a folder that no other user can enter.
 */
import type { Host } from '@bulkhead/host';
import { randomBytes } from 'node:crypto';
import { readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { REFUSALS } from '../../fixtures/hostile/expectations.ts';
import { fixtureFolder } from '../chaos/matrix/hostile-folders.ts';
import { startHost } from '../support/child-host.ts';
import { copyCheckout } from '../support/checkout-copy.ts';
import { openOwnHost } from '../support/own-host.ts';
import { openScratch, writeFiles } from '../support/scratch.ts';
import { tiersHere } from '../support/tiers.ts';

const MANIFEST = JSON.stringify({
  name: 'escaping',
  version: '1.0.0',
  description: 'Reaches out.',
  author: 'Bulkhead',
});
const TOOLS = 'export default { tools: [], canary };\n';

/** A plugin and how it reaches for the canary, which is `canary.json`, `canary.txt` and `canary.js` beside its folder. */
type Escape = {
  readonly how: string;
  readonly main: string;
  readonly code: string;
  readonly more?: Readonly<Record<string, string>>;
  /** A link in the plugin's folder to the canary outside. */
  readonly link?: string;
};

const ESCAPES: readonly Escape[] = [
  {
    how: 'a parent path',
    main: `import canary from '../canary.json' with { type: 'json' };\n${TOOLS}`,
    code: 'BUNDLE_ESCAPES',
  },
  {
    how: 'a parent path in a re-export',
    main: `export * from '../canary.js';\nexport default { tools: [] };\n`,
    code: 'BUNDLE_ESCAPES',
  },
  {
    how: 'a parent path through its own folder',
    main: `import canary from './a/../../canary.json';\n${TOOLS}`,
    code: 'BUNDLE_ESCAPES',
  },
  {
    how: 'a dynamic import of a parent path',
    main: `const canary = await import('../canary.json');\n${TOOLS}`,
    code: 'BUNDLE_ESCAPES',
  },
  { how: 'an absolute path', main: `import canary from '/etc/hostname';\n${TOOLS}`, code: 'BUNDLE_ESCAPES' },
  { how: 'the canary’s absolute path', main: `import canary from 'CANARY.json';\n${TOOLS}`, code: 'BUNDLE_ESCAPES' },
  { how: 'a file URL', main: `import canary from 'file://CANARY.json';\n${TOOLS}`, code: 'BUNDLE_ESCAPES' },
  {
    how: 'a text attribute',
    main: `import canary from '../canary.txt' with { type: 'text' };\n${TOOLS}`,
    code: 'REVIEW_REFUSED',
  },
  {
    how: 'a binary attribute',
    main: `import canary from '../canary.txt' with { type: 'bytes' };\n${TOOLS}`,
    code: 'REVIEW_REFUSED',
  },
  {
    how: 'a text attribute on a file of its own',
    main: `import canary from './own.txt' with { type: 'text' };\n${TOOLS}`,
    code: 'REVIEW_REFUSED',
    more: { 'own.txt': 'x' },
  },
  {
    how: 'a linked file',
    main: `import canary from './linked.json' with { type: 'json' };\n${TOOLS}`,
    code: 'SOURCE_ESCAPES',
    link: 'linked.json',
  },
  {
    how: 'a linked file that nothing imports',
    main: 'export default { tools: [] };\n',
    code: 'SOURCE_ESCAPES',
    link: 'linked.js',
  },
  {
    how: 'a source map outside its folder',
    main: 'export default { tools: [] };\n//# sourceMappingURL=../canary.json\n',
    code: 'BUNDLE_ESCAPES',
  },
  {
    how: 'a source map at an absolute path',
    main: 'export default { tools: [] };\n//# sourceMappingURL=CANARY.json\n',
    code: 'BUNDLE_ESCAPES',
  },
  {
    how: 'a source map behind a URL',
    main: 'export default { tools: [] };\n//# sourceMappingURL=file://CANARY.json\n',
    code: 'BUNDLE_ESCAPES',
  },
];

/** Lays out the plugin, and beside its folder files of a text that is found nowhere else on the machine. */
async function layOut(root: string, { main, more = {}, link }: Escape): Promise<{ folder: string; canary: string }> {
  const canary = `canary-${randomBytes(16).toString('hex')}`;
  const folder = join(root, 'plugin');
  await writeFiles(root, {
    'canary.json': JSON.stringify({ canary }),
    'canary.txt': canary,
    'canary.js': `export const canary = '${canary}';\n`,
  });
  const text = main.replaceAll('CANARY', join(root, 'canary'));
  await writeFiles(folder, { 'plugin.json': MANIFEST, 'main.js': text, ...more });
  if (link !== undefined) await symlink(join(root, 'canary.json'), join(folder, link));
  return { folder, canary };
}

/** Lists files below the folders that hold the text; what cannot be read for others is not there for us to leak into. */
async function filesWith(text: string, folders: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path).catch(() => Buffer.alloc(0)); // It went while we looked.
      if (bytes.includes(text)) found.push(path);
    }
  }
  return found;
}

describe('an install from a folder', () => {
  test.each(ESCAPES)('[FAULTS-78] refuses $how, and keeps no byte of what it names', async (escape) => {
    await using scratch = await openScratch('escapes');
    const { folder, canary } = await layOut(join(scratch.path, 'source'), escape);
    const dataDir = join(scratch.path, 'data');
    await using own = await openOwnHost({ dataDir, spareCount: 0 });
    await expect(own.host.install(folder)).rejects.toMatchObject({ code: escape.code });
    expect(own.host.refused()).toMatchObject([{ name: 'escaping', code: escape.code }]);
    const places = [dataDir, own.runFolder, tmpdir(), '/dev/shm', '/run/bulkhead'];
    const left = await filesWith(canary, places);
    expect(left.filter((path) => !path.startsWith(join(scratch.path, 'source')))).toEqual([]);
  });

  test.each([
    ['extends one outside', '{ "extends": "../canary.json" }', 'export default { tools: [] };\n', 'INITIALIZED'],
    [
      'maps a name outside',
      '{ "compilerOptions": { "paths": { "mapped": ["../canary.json"] } } }',
      `import canary from 'mapped';\n${TOOLS}`,
      'UNAVAILABLE',
    ],
  ])('a tsconfig that %s is not honoured', async (_how, tsconfig, main, state) => {
    await using scratch = await openScratch('escapes');
    const more = { 'tsconfig.json': tsconfig };
    const { folder, canary } = await layOut(join(scratch.path, 'source'), { how: '', code: '', main, more });
    const dataDir = join(scratch.path, 'data');
    await using own = await openOwnHost({ dataDir, spareCount: 0 });
    expect(await own.host.install(folder)).toMatchObject({ state });
    expect(await filesWith(canary, [dataDir, own.runFolder, '/dev/shm', '/run/bulkhead'])).toEqual([]);
  });

  test('the search finds a canary where there is one', async () => {
    await using scratch = await openScratch('escapes');
    await writeFile(join(scratch.path, 'x'), 'before canary-1 after');
    expect(await filesWith('canary-1', [scratch.path])).toEqual([join(scratch.path, 'x')]);
  });

  test.each(REFUSALS)(
    '[FAULTS-$row] refuses $fixture with $code, and starts nothing of it',
    async ({ fixture, code }) => {
      await using own = await openOwnHost({ spareCount: 0 });
      const startsBefore = await guestStarts(own.host);
      await expect(own.host.install(fixtureFolder(fixture))).rejects.toMatchObject({ code });
      expect(own.host.health(fixture)).toMatchObject({ state: 'FAILED', success_count: 0, error_count: 0 });
      expect(own.host.health(fixture)?.reason).toMatch(new RegExp(`^${code}: `));
      expect(await own.host.call({ plugin: fixture, tool: 'attack' })).toMatchObject({
        ok: false,
        error: { kind: 'unavailable', code: 'PLUGIN_REFUSED' },
      });
      expect(await guestStarts(own.host)).toEqual(startsBefore);
    },
  );

  test('[FAULTS-1] a package that is not installed makes the plugin unavailable, with the cure', async () => {
    await using own = await openOwnHost({ spareCount: 0 });
    const folder = fixtureFolder('absent-module');
    const release = await own.host.install(folder);
    expect(release).toMatchObject({ state: 'UNAVAILABLE', digest: undefined });
    expect(release.reason).toMatch(new RegExp(`npm install --prefix ${folder} a-package-that-is-not-installed$`));
  });
});

describe('where the checkout and the plugin are below a folder of mode 0700', () => {
  test('plugins install and run, and escapes are refused', { timeout: 120_000 }, async () => {
    await using scratch = await openScratch('closed', 0o700);
    const checkout = await copyCheckout(join(scratch.path, 'checkout'));
    const dataDir = join(scratch.path, 'data');
    const endings: Record<string, unknown> = {};
    const install = async (name: string, folder: string): Promise<void> => {
      await using host = startHost({ verb: 'install', folder, options: { dataDir } }, { checkout });
      endings[name] = await host.line();
      await host.ended;
    };
    await install('good', join(checkout.root, 'fixtures', 'hostile', 'good-neighbour'));
    const { folder, canary } = await layOut(join(scratch.path, 'source'), ESCAPES[0] ?? never());
    await install('escaping', folder);
    const tier = (await tiersHere()).at(-1);
    expect(endings).toEqual({
      good: { state: 'INITIALIZED', tier, answer: 'pong' },
      escaping: { state: 'BUNDLE_ESCAPES', tier, answer: 'PLUGIN_NOT_FOUND' },
    });
    const left = await filesWith(canary, [dataDir, tmpdir(), '/run/bulkhead']);
    expect(left.filter((path) => !path.startsWith(join(scratch.path, 'source')))).toEqual([]);
  });
});

async function guestStarts(host: Host): Promise<readonly string[]> {
  return (await host.metrics()).split('\n').filter((line) => line.startsWith('sandbox_start_seconds_count'));
}

function never(): never {
  throw new Error('the list of escapes is not empty');
}
