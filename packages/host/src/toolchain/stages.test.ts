/** The steps of an install up to the store, joined as the install flow joins them. */
import { readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '@bulkhead/protocol';
import type { StoredArtifact } from '../artifact/artifact.ts';
import type { ArtifactStore } from '../artifact/store.ts';
import { HostError } from '../base/host-error.ts';
import type { AskWorkshop } from '../base/workshop-port.ts';
import { bundleSource } from '../bundle/bundle-source.ts';
import { reviewSource } from '../review/review-source.ts';
import { readSdk } from '../source/host-package.ts';
import { readManifest } from '../source/manifest-file.ts';
import { OPERATOR_FOLDER, SINGLE_FILE, readSource, type ReadSourceOptions } from '../source/read-source.ts';
import { createArtifactStore } from '../artifact/disk-store.ts';
import { makePluginFolder, type PluginFolder } from '../source/plugin-folder.fixture.ts';
import { openPlainWorkshop, type PlainWorkshop } from './workshop.fixture.ts';

type StagesResult =
  | {
      readonly kind: 'stored';
      readonly artifact: StoredArtifact;
      readonly findings: readonly Finding[];
      readonly files: readonly string[];
    }
  | { readonly kind: 'refused'; readonly code: string; readonly findings: readonly Finding[] }
  | { readonly kind: 'missing'; readonly packages: readonly string[] };

type Stages = {
  readonly ask: AskWorkshop;
  readonly artifacts: ArtifactStore;
  readonly read?: ReadSourceOptions;
};

/** Takes a folder through read, manifest, review, bundle and store. */
async function runStages(dir: string, { ask, artifacts, read = OPERATOR_FOLDER }: Stages): Promise<StagesResult> {
  try {
    const source = await readSource(dir, read);
    const manifest = readManifest(source);
    if (!manifest.ok) return { kind: 'refused', code: 'MANIFEST_INVALID', findings: manifest.findings };
    const review = await reviewSource({ source, manifest: manifest.manifest, supplied: [await readSdk()] }, ask);
    if (review.kind === 'refused') return { kind: 'refused', code: 'REVIEW_REFUSED', findings: review.findings };
    if (review.kind === 'missing') return { kind: 'missing', packages: review.packages };
    const bundled = await bundleSource(review.reviewed, ask);
    if (bundled.kind === 'refused') return { kind: 'refused', code: 'BUNDLE_FAILED', findings: bundled.findings };
    const artifact = await artifacts.put(bundled.bundle);
    return { kind: 'stored', artifact, findings: bundled.bundle.findings, files: [...review.reviewed.files.keys()] };
  } catch (error) {
    if (error instanceof HostError) return { kind: 'refused', code: error.code, findings: error.findings };
    throw error;
  }
}

let workshop: PlainWorkshop;
let artifacts: ArtifactStore;
const storeDir = join(tmpdir(), `bulkhead-stages-${process.pid}`);
beforeAll(async () => {
  workshop = openPlainWorkshop();
  artifacts = await createArtifactStore(storeDir);
});
afterAll(async () => {
  await workshop.close();
  await rm(storeDir, { recursive: true, force: true });
});

const run = (plugin: PluginFolder): Promise<StagesResult> => runStages(plugin.dir, { ask: workshop.ask, artifacts });
const CANARY = 'canary-5d1f0c6a';

/** Lists the files below the temporary folder, without the plugin's own, that hold the canary. */
async function filesWithCanary(plugin: PluginFolder): Promise<readonly string[]> {
  const entries = await readdir(tmpdir(), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const others = paths.filter((path) => !path.startsWith(plugin.parent));
  const found = await Promise.all(
    others.map(async (path) => ((await readFile(path).catch(() => '')).includes(CANARY) ? [path] : [])),
  );
  return found.flat();
}

describe('what leaves the plugin folder is refused, and its bytes are nowhere', () => {
  test.each<[string, string, string, string]>([
    [
      'a file above the folder',
      `import x from '../x.json' with { type: 'json' }; export default x;`,
      'REVIEW_REFUSED',
      'BUNDLE_ESCAPES',
    ],
    ['a file of the machine', `import x from '/etc/hostname'; export default x;`, 'REVIEW_REFUSED', 'BUNDLE_ESCAPES'],
    [
      'a text attribute',
      `import x from './secret.txt' with { type: 'text' }; export default x;`,
      'REVIEW_REFUSED',
      'IMPORT_ATTRIBUTE',
    ],
    [
      'a binary attribute',
      `import x from './secret.txt' with { type: 'bytes' }; export default x;`,
      'REVIEW_REFUSED',
      'IMPORT_ATTRIBUTE',
    ],
    [
      'a source map above the folder',
      `export default 1;\n//# sourceMappingURL=../x.json`,
      'REVIEW_REFUSED',
      'BUNDLE_ESCAPES',
    ],
    ['a re-export from above', `export * from '../x.ts';`, 'REVIEW_REFUSED', 'BUNDLE_ESCAPES'],
    ['a require from above', `export const x = require('../x.json');`, 'REVIEW_REFUSED', 'BUNDLE_ESCAPES'],
  ])('[FAULTS-68] %s', async (_, main, code, id) => {
    await using plugin = await makePluginFolder({ 'main.ts': main, 'secret.txt': CANARY });
    await writeFile(join(plugin.parent, 'x.json'), JSON.stringify({ canary: CANARY }));
    await writeFile(join(plugin.parent, 'x.ts'), `export const canary = '${CANARY}';`);
    const result = await run(plugin);
    expect(result).toMatchObject({ kind: 'refused', code });
    expect(result.kind === 'refused' ? result.findings[0] : undefined).toMatchObject({
      id,
      severity: 'error',
      path: 'main.ts',
    });
    expect(await filesWithCanary(plugin)).toEqual([]);
  });

  test('[FAULTS-78] a linked file', async () => {
    await using plugin = await makePluginFolder({ 'main.ts': `import x from './x.json'; export default x;` });
    await writeFile(join(plugin.parent, 'x.json'), JSON.stringify({ canary: CANARY }));
    await plugin.link('x.json', '../x.json');
    expect(await run(plugin)).toMatchObject({
      kind: 'refused',
      code: 'SOURCE_ESCAPES',
      findings: [{ path: 'x.json' }],
    });
    expect(await filesWithCanary(plugin)).toEqual([]);
  });

  test('a main above the folder, or one that is not there', async () => {
    for (const [main, id] of [
      ['../x.ts', 'MANIFEST_INVALID'],
      ['/etc/hostname', 'MANIFEST_INVALID'],
      ['absent.ts', 'BUNDLE_FAILED'],
    ]) {
      await using plugin = await makePluginFolder({
        'plugin.json': { name: 'a', version: '1.0.0', description: 'x', author: 'x', main },
      });
      expect(await run(plugin)).toMatchObject({ findings: [{ id, path: 'plugin.json#/main' }] });
    }
  });

  test('a tsconfig that extends one above the folder has no effect, and says so', async () => {
    await using plugin = await makePluginFolder({
      'main.ts': 'export default 1;',
      'tsconfig.json': `{ // comment\n "extends": "../x.json", "compilerOptions": { "paths": { "y": ["../x.ts"] } } }`,
    });
    await writeFile(join(plugin.parent, 'x.json'), JSON.stringify({ canary: CANARY }));
    const result = await run(plugin);
    expect(result).toMatchObject({
      kind: 'stored',
      findings: [{ id: 'BUNDLE_ESCAPES', severity: 'warning', path: 'tsconfig.json' }],
    });
    expect(await filesWithCanary(plugin)).toEqual([]);
  });
});

describe('the stages of an install', () => {
  test('a plugin that imports the SDK is bundled with the host’s, and only what is reached', async () => {
    await using plugin = await makePluginFolder({
      'main.ts': `import { ToolResult } from '@bulkhead/sdk'; import { helper } from './helper.ts'; export default helper(ToolResult);`,
      'helper.ts': 'export const helper = <T>(x: T): T => x;',
      'main.test.ts': `import fs from 'node:fs'; import { test } from 'vitest'; eval('1');`,
    });
    expect(await run(plugin)).toMatchObject({
      kind: 'stored',
      findings: [],
      files: [
        'helper.ts',
        'main.ts',
        'node_modules/@bulkhead/sdk/dist/bundle.js',
        'node_modules/@bulkhead/sdk/package.json',
      ],
    });
  });

  test('[F001-28] packages that are not installed are named, each once', async () => {
    await using plugin = await makePluginFolder({
      'main.ts': `import 'zod'; import 'zod/v4'; import '@scope/a/b'; import dep from 'dep'; export default dep;`,
      'node_modules/dep/index.js': `require('needed'); try { require('optional') } catch {} import('later');`,
    });
    expect(await run(plugin)).toEqual({ kind: 'missing', packages: ['@scope/a', 'needed', 'zod'] });
  });

  test('in a dependency a finding is a warning, and the plugin is stored with it', async () => {
    await using plugin = await makePluginFolder({
      'main.ts': `import dep from 'dep'; export default dep;`,
      'node_modules/dep/package.json': '{"name":"dep","version":"1.0.0","license":"MIT","main":"index.js"}',
      'node_modules/dep/index.js': `const fs = require('fs'); eval('1'); require('./' + fs); require('../../../x'); module.exports = 1;`,
    });
    const result = await run(plugin);
    expect(result.kind).toBe('stored');
    const findings = result.kind === 'stored' ? result.findings : [];
    expect(findings.every(({ severity, path }) => severity === 'warning' && path === 'node_modules/dep/index.js')).toBe(
      true,
    );
    expect(findings.map(({ id }) => id)).toEqual([
      'IMPORT_REFUSED',
      'CODE_GENERATION',
      'IMPORT_DYNAMIC',
      'BUNDLE_ESCAPES',
    ]);
  });

  test('[F003-27] every finding of the author’s files comes at once, errors first', async () => {
    await using plugin = await makePluginFolder({
      'main.ts': `import './b.ts';\nprocess.exit(1);\nimport os from 'os';`,
      'b.ts': `eval('1');\nimport './absent.ts';`,
    });
    const result = await run(plugin);
    const found = result.kind === 'refused' ? result.findings.map(({ id, path, line }) => [id, path, line]) : [];
    expect(found).toEqual([
      ['CODE_GENERATION', 'b.ts', 1],
      ['BUNDLE_FAILED', 'b.ts', 2],
      ['IMPORT_REFUSED', 'main.ts', 3],
      ['PROCESS_EXIT', 'main.ts', 2],
    ]);
  });

  test('[FAULTS-89] an oversized file that is imported is refused by name; one that is not is nobody’s business', async () => {
    await using plugin = await makePluginFolder({
      'main.ts': `import './big.ts'; export default 1;`,
      'big.ts': '',
      'data.json': '',
    });
    await truncate(join(plugin.dir, 'data.json'), 2_000_000);
    await truncate(join(plugin.dir, 'big.ts'), 2_000_000);
    const result = await run(plugin);
    expect(result).toMatchObject({ kind: 'refused', findings: [{ id: 'REVIEW_LIMIT', path: 'big.ts' }] });
    await writeFile(join(plugin.dir, 'main.ts'), 'export default 1;');
    expect(await run(plugin)).toMatchObject({ kind: 'stored' });
  });

  test('[FAULTS-93] nothing of a package runs at install', async () => {
    await using plugin = await makePluginFolder({ 'main.ts': `import dep from 'dep'; export default dep;` });
    const mark = join(plugin.parent, 'ran');
    const script = `node -e "require('fs').writeFileSync('${mark}', '')"`;
    await plugin.write('package.json', {
      name: 'x',
      scripts: { preinstall: script, install: script, postinstall: script, prepare: script },
    });
    await plugin.write('node_modules/dep/package.json', {
      name: 'dep',
      scripts: { install: script, postinstall: script },
    });
    await plugin.write(
      'node_modules/dep/index.js',
      `require('fs').writeFileSync(${JSON.stringify(mark)}, ''); module.exports = 1;`,
    );
    expect(await run(plugin)).toMatchObject({ kind: 'stored' });
    expect((await readdir(plugin.parent)).toSorted()).toEqual(['plugin']);
  });

  test('more findings than anybody reads are cut, the errors first', async () => {
    const imports = Array.from(
      { length: 2_000 },
      (_, index) => `import './absent-${index}.ts'; import 'absent-${index}';`,
    );
    await using plugin = await makePluginFolder({ 'main.ts': `process.exit(1);\n${imports.join('\n')}` });
    const result = await run(plugin);
    const findings = result.kind === 'refused' ? result.findings : [];
    expect(findings).toHaveLength(500);
    expect(findings.every(({ severity }) => severity === 'error')).toBe(true);
  });

  test('the same folder gives the same digest, whenever and wherever it is installed', async () => {
    const files = { 'main.ts': `import { a } from './a.ts'; export default a;`, 'a.ts': 'export const a = 1;' };
    await using one = await makePluginFolder(files);
    await using other = await makePluginFolder(Object.fromEntries(Object.entries(files).toReversed()));
    const [first, second] = [await run(one), await run(other)];
    if (first.kind !== 'stored' || second.kind !== 'stored') throw new Error('both are good plugins');
    expect(second.artifact.digest).toBe(first.artifact.digest);
  });

  test('[FAULTS-90] what the folder becomes after it was read changes nothing', async () => {
    await using plugin = await makePluginFolder({ 'main.ts': `import './a.ts'; export default 'first';`, 'a.ts': '' });
    const ask: typeof workshop.ask = async (job) => {
      await writeFile(join(plugin.dir, 'main.ts'), `import fs from 'node:fs'; export default 'second';`);
      return workshop.ask(job);
    };
    const result = await runStages(plugin.dir, { ask, artifacts });
    expect(result.kind === 'stored' && Buffer.from(result.artifact.module).toString('utf8')).toContain('"first"');
  });

  test('pnpm’s layout of links is followed', async () => {
    await using plugin = await makePluginFolder({
      'main.ts': `import a from 'a'; export default a;`,
      'node_modules/.pnpm/a@1/node_modules/a/package.json': { name: 'a', main: 'index.js' },
      'node_modules/.pnpm/a@1/node_modules/a/index.js': `module.exports = require('b');`,
      'node_modules/.pnpm/b@1/node_modules/b/index.js': `module.exports = 'from b';`,
    });
    await plugin.link('node_modules/a', '.pnpm/a@1/node_modules/a');
    await plugin.link('node_modules/.pnpm/a@1/node_modules/b', '../../b@1/node_modules/b');
    const result = await run(plugin);
    expect(result.kind === 'stored' && Buffer.from(result.artifact.module).toString('utf8')).toContain('from b');
  });

  test('a workspace package inside the plugin folder is the author’s own', async () => {
    await using plugin = await makePluginFolder({
      'main.ts': `import own from 'own'; export default own;`,
      'packages/own/index.js': `import os from 'os'; export default os;`,
      'node_modules/.keep/x.js': '',
    });
    await plugin.link('node_modules/own', '../packages/own');
    expect(await run(plugin)).toMatchObject({
      kind: 'refused',
      findings: [{ id: 'IMPORT_REFUSED', path: 'packages/own/index.js' }],
    });
  });

  test('around a single file a link is as if it were not there', async () => {
    await using plugin = await makePluginFolder({ 'main.ts': 'export const f = () => 1;' });
    await plugin.link('other.ts', '/etc/hostname');
    expect(await runStages(plugin.dir, { ask: workshop.ask, artifacts, read: SINGLE_FILE })).toMatchObject({
      kind: 'stored',
    });
  });
});
