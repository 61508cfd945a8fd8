import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stop } from 'esbuild';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { bundleTree, type BundleInput, type BundleOutput } from './bundle-tree.ts';
import type { EntryModuleOptions } from './entry-module.ts';

afterAll(() => stop());

type Texts = Readonly<Record<string, string>>;
const inputOf = (texts: Texts, entry: Partial<EntryModuleOptions> = {}): BundleInput => ({
  entry: { main: 'main.ts', entryPoints: [], ...entry },
  files: new Map(Object.entries(texts).map(([path, text]) => [path, new Uint8Array(Buffer.from(text))])),
  packages: new Map(
    Object.keys(texts).flatMap((path) => {
      const root = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
      return root === undefined ? [] : [[root, root]];
    }),
  ),
});

async function bundled(
  texts: Texts,
  entry: Partial<EntryModuleOptions> = {},
): Promise<BundleOutput & { readonly ok: true }> {
  const output = await bundleTree(inputOf(texts, entry));
  if (!output.ok) throw new Error(JSON.stringify(output.findings));
  return output;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Evaluates a bundle, and an expression over `artifact`, in a process of its own; resolves to what it prints. */
async function evaluate(output: BundleOutput & { readonly ok: true }, expression: string): Promise<unknown> {
  const url = `data:text/javascript;base64,${Buffer.from(output.module).toString('base64')}`;
  const program = `const artifact = await import(${JSON.stringify(url)}); console.log(JSON.stringify(await (${expression})));`;
  const child = spawn(process.execPath, ['--input-type=module', '-'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(program);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  await once(child, 'close');
  return JSON.parse(text);
}

/** Text of what an expression throws when it is evaluated. */
const thrownBy = (expression: string): string =>
  `(async () => { try { await (${expression}); return 'nothing'; } catch (error) { return [error.code, error.message]; } })()`;

describe('the bundle of a tree', () => {
  test('exports the namespace of main, and the entry points by group and name', async () => {
    const output = await bundled(
      {
        'main.ts': `export { two } from './lib/two.ts';\nexport default { name: 'main' };`,
        'lib/two.ts': `export const two: number = 2;\nexport class Kind {}`,
      },
      {
        entryPoints: [
          { group: 'tools', name: 'second', module: 'lib/two.ts', exported: 'two' },
          { group: 'task_handlers', name: 'kind', module: 'lib/two.ts', exported: 'Kind' },
          { group: 'tools', name: 'first', module: 'main.ts', exported: 'default' },
        ],
      },
    );
    const shape = `[artifact.main.default.name, artifact.main.two, Object.keys(artifact).sort(), artifact.entryPoints.tools, typeof artifact.entryPoints.task_handlers.kind]`;
    expect(await evaluate(output, shape)).toEqual([
      'main',
      2,
      ['entryPoints', 'main'],
      { first: { name: 'main' }, second: 2 },
      'function',
    ]);
  });

  test('a CommonJS main is its default export, with its members beside it', async () => {
    const output = await bundled(
      {
        'index.cjs': `const part = require('./part.cjs'); module.exports = { value: part.value, util: require('util').inspect(1) };`,
        'part.cjs': `exports.value = 7;`,
      },
      { main: 'index.cjs' },
    );
    expect(await evaluate(output, '[artifact.main.default, artifact.main.value]')).toEqual([
      { value: 7, util: '1' },
      7,
    ]);
  });

  test('built-ins stay imports under node:, also where CommonJS requires them', async () => {
    const output = await bundled({
      'main.ts': `import { createHash } from 'crypto'; import dep from 'dep'; export const hash = createHash('sha256').update(dep).digest('hex').length;`,
      'node_modules/dep/index.js': `const { inspect } = require('node:util'); module.exports = inspect('x');`,
    });
    expect(textOf(output.module)).toMatch(/from "node:crypto"/);
    expect(await evaluate(output, 'artifact.main.hash')).toBe(64);
  });

  test('json is bundled, other loaders are not', async () => {
    const output = await bundled({
      'main.ts': `import data from './data.json' with { type: 'json' }; import plain from './data.json'; export default [data.a, plain.a];`,
      'data.json': `\uFEFF{"a": 1}`,
    });
    expect(await evaluate(output, 'artifact.main.default')).toEqual([1, 1]);
  });

  test.each<[string, Texts, string, string]>([
    ['a parent path', { 'main.ts': `import x from '../x.json'; export default x;` }, 'BUNDLE_ESCAPES', 'main.ts'],
    [
      'an absolute path',
      { 'main.ts': `import x from '/etc/hostname'; export default x;` },
      'BUNDLE_ESCAPES',
      'main.ts',
    ],
    ['a URL', { 'main.ts': `import x from 'data:text/javascript,1'; export default x;` }, 'BUNDLE_ESCAPES', 'main.ts'],
    [
      'a text attribute',
      { 'main.ts': `import x from './x.json' with { type: 'text' }; export default x;`, 'x.json': '{}' },
      'IMPORT_ATTRIBUTE',
      'main.ts',
    ],
    [
      'a file that is not there',
      { 'main.ts': `\nimport x from './x.ts'; export default x;` },
      'BUNDLE_FAILED',
      'main.ts',
    ],
    ['a package that is not there', { 'main.ts': `import x from 'x'; export default x;` }, 'BUNDLE_FAILED', 'main.ts'],
    ['a syntax error', { 'main.ts': `export default 1;\nexport const = 2;` }, 'BUNDLE_FAILED', 'main.ts'],
    [
      'an export that is not there',
      { 'main.ts': `import { b } from './a.ts'; export default b;`, 'a.ts': 'export const a = 1;' },
      'BUNDLE_FAILED',
      'main.ts',
    ],
    [
      'a script as JSON',
      { 'main.ts': `import x from './a.ts' with { type: 'json' }; export default x;`, 'a.ts': '' },
      'BUNDLE_FAILED',
      'main.ts',
    ],
  ])('%s is a finding with the author’s file and line', async (_, texts, id, path) => {
    const output = await bundleTree(inputOf(texts));
    expect(output).toMatchObject({ ok: false, findings: [{ id, severity: 'error', path, line: expect.any(Number) }] });
  });

  test('an entry point whose export does not exist is found in the manifest', async () => {
    const entryPoints = [
      { group: 'tools', name: 'good', module: 'main.ts', exported: 'good' },
      { group: 'tools', name: 'worse', module: 'main.ts', exported: 'absent' },
    ];
    expect(await bundleTree(inputOf({ 'main.ts': 'export const good = 1;' }, { entryPoints }))).toMatchObject({
      findings: [{ id: 'BUNDLE_FAILED', path: 'plugin.json#/entry_points/tools/worse', line: null }],
    });
  });

  test('a dependency may mention a refused built-in, and using it throws IMPORT_REFUSED with its name', async () => {
    const output = await bundled({
      'main.ts': `import * as dep from 'dep'; import cjs from 'cjs'; export { dep, cjs };`,
      'node_modules/dep/package.json': '{"type":"module"}',
      'node_modules/dep/index.js': `import fs, { readFile } from 'node:fs'; import * as os from 'os'; class A extends os.Thing {}
        export const hasFs = Boolean(fs.existsSync) && 'then' in fs === false;
        export const read = () => readFile('/etc/hostname'); export const viaDefault = () => fs.readFileSync('x');
        export const make = () => new A(); export const member = () => os.constants.signals; export const set = () => { fs.readFile.x = 1; };
        export const later = async () => (await import('child_process')).spawn('x');`,
      'node_modules/cjs/index.js': `const { spawn } = require('child_process'); const fs = require('fs'); exports.run = () => spawn('x'); exports.read = () => fs.promises.readFile('x');`,
    });
    const calls = [
      'dep.read()',
      'dep.viaDefault()',
      'dep.make()',
      'dep.member()',
      'dep.set()',
      'dep.later()',
      'cjs.run()',
      'cjs.read()',
    ];
    const answers = (await evaluate(
      output,
      `Promise.all([${calls.map((call) => thrownBy(`artifact.main.${call}`)).join(',')}])`,
    )) as [string, string][];
    expect(answers.map(([code]) => code)).toEqual(calls.map(() => 'IMPORT_REFUSED'));
    expect(answers.map(([, message]) => /import of "([a-z_]+)" is refused/.exec(message)?.[1])).toEqual([
      'fs',
      'fs',
      'os',
      'os',
      'fs',
      'child_process',
      'child_process',
      'fs',
    ]);
    expect(await evaluate(output, 'artifact.main.dep.hasFs')).toBe(true);
  });

  test('what a dependency tries and does not find throws as in Node, when it is reached', async () => {
    const output = await bundled({
      'main.ts': `export { hasExtra } from 'dep';`,
      'node_modules/dep/index.js': `let extra; try { extra = require('extra'); } catch (error) { extra = error.code; } exports.hasExtra = extra;`,
    });
    expect(await evaluate(output, 'artifact.main.hasExtra')).toBe('MODULE_NOT_FOUND');
  });

  test('imports whose specifier only running tells take no file into the bundle', async () => {
    const output = await bundled({
      'main.ts': `export { load, need, typed } from 'dep';`,
      'node_modules/dep/package.json': '{"type":"module"}',
      'node_modules/dep/index.js':
        'export const load = (n) => import(`./lang/${n}.js`); export const need = (n) => require("./lang/" + n); export { typed } from "./typed.ts";',
      'node_modules/dep/typed.ts': 'export const typed = (n: string) => import((`./lang/${n}.js` as string));',
      'node_modules/dep/lang/en.js': 'export const canary = "never bundled";',
    });
    expect(textOf(output.module)).not.toContain('never bundled');
  });

  test('no source map of an author’s is looked at, and none of the machine’s paths is in the output', async () => {
    const inline = Buffer.from(
      JSON.stringify({ version: 3, sources: ['/secret/original.ts'], mappings: 'AAAA' }),
    ).toString('base64');
    const output = await bundled({
      'main.ts': `export const a = "//# sourceMappingURL=kept";\n//# sourceMappingURL=data:application/json;base64,${inline}`,
      'tsconfig.json': '{"extends":"/etc/hostname","compilerOptions":{"paths":{"x":["/etc/hostname"]}}}',
    });
    const map = JSON.parse(textOf(output.sourceMap)) as { sources: string[]; sourcesContent?: string[] };
    expect(map.sources.filter((source) => !source.startsWith('.bulkhead'))).toEqual(['main.ts']);
    expect(map.sourcesContent).toBeUndefined();
    expect(textOf(output.module)).toContain('sourceMappingURL=kept');
    expect(textOf(output.module) + textOf(output.sourceMap)).not.toMatch(new RegExp(`/secret|${process.cwd()}`));
  });

  test('an unused part of a package without side effects is left out', async () => {
    const output = await bundled({
      'main.ts': `import { used } from 'dep'; export default used;`,
      'node_modules/dep/package.json': '{"name":"dep","type":"module","sideEffects":false}',
      'node_modules/dep/index.js': `export { used } from './used.js'; export { heavy } from './heavy.js';`,
      'node_modules/dep/used.js': `export const used = 1;`,
      'node_modules/dep/heavy.js': `globalThis.heavy = 'canary'; export const heavy = 1;`,
    });
    expect(textOf(output.module)).not.toContain('canary');
  });

  test('the same files in any order, and entry points in any order, give the same bytes', async () => {
    const texts: Texts = {
      'main.ts': `import { a } from './a.ts'; import b from './b.js'; import dep from 'dep'; export default [a, b, dep];`,
      'a.ts': `import { c } from './c.ts'; export const a = c;`,
      'b.js': `const x = require('./d.cjs'); module.exports = x;`,
      'c.ts': 'export const c = 3;',
      'd.cjs': 'exports.d = 4;',
      'node_modules/dep/index.js': `module.exports = require('./e');`,
      'node_modules/dep/e.json': '{"e":5}',
    };
    const entryPoints = ['x', 'y', 'z'].map((name) => ({ group: 'tools', name, module: 'c.ts', exported: 'c' }));
    const first = await bundled(texts, { entryPoints });
    const paths = Object.keys(texts);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(paths, { minLength: paths.length }),
        fc.shuffledSubarray(entryPoints, { minLength: 3 }),
        async (order, points) => {
          const shuffled = Object.fromEntries(order.map((path) => [path, texts[path] ?? '']));
          const again = await bundled(shuffled, { entryPoints: points });
          expect(textOf(again.module)).toBe(textOf(first.module));
          expect(textOf(again.sourceMap)).toBe(textOf(first.sourceMap));
        },
      ),
      { numRuns: 20 },
    );
  });
});
