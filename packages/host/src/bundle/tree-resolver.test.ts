import { describe, expect, test } from 'vitest';
import { createTreeResolver, type ImportKind, type Resolution } from './tree-resolver.ts';

const json = (value: unknown): string => JSON.stringify(value);
const FILES: Readonly<Record<string, string>> = {
  'main.ts': '',
  'util.ts': '',
  'lib/index.ts': '',
  'lib/a.js': '',
  'data.json': '{}',
  'package.json': json({
    name: 'plugin',
    main: 'main.ts',
    imports: { '#own': './lib/a.js', '#crypto': 'node:crypto', '#os': 'node:os', '#zod': 'zod' },
  }),
  'node_modules/zod/package.json': json({
    exports: {
      '.': { types: './index.d.ts', import: './index.mjs', require: './index.cjs' },
      './deep/*': './deep/*.js',
      './gone': './gone.js',
      './up': '../../main.ts',
    },
  }),
  'node_modules/zod/index.mjs': '',
  'node_modules/zod/index.cjs': '',
  'node_modules/zod/deep/a.js': '',
  'node_modules/old/package.json': json({ main: 'lib/main' }),
  'node_modules/old/lib/main.js': '',
  'node_modules/old/sub/index.js': '',
  'node_modules/bare/index.js': '',
  'node_modules/broken/package.json': '{',
  'node_modules/broken/index.js': '',
  'node_modules/@scope/a/package.json': json({ name: '@scope/a', exports: { '.': './a.js', './own': './own.js' } }),
  'node_modules/@scope/a/a.js': '',
  'node_modules/@scope/a/own.js': '',
  'node_modules/@scope/a/node_modules/zod/index.js': '',
  'node_modules/.store/linked/index.js': '',
};
const PACKAGES: Readonly<Record<string, string>> = {
  'node_modules/zod': 'node_modules/zod',
  'node_modules/old': 'node_modules/old',
  'node_modules/bare': 'node_modules/bare',
  'node_modules/broken': 'node_modules/broken',
  'node_modules/@scope/a': 'node_modules/@scope/a',
  'node_modules/@scope/a/node_modules/zod': 'node_modules/@scope/a/node_modules/zod',
  'node_modules/linked': 'node_modules/.store/linked',
};
const resolver = createTreeResolver({
  has: (path) => Object.hasOwn(FILES, path),
  text: (path) => FILES[path],
  packageAt: (place) => PACKAGES[place],
});
const resolve = (specifier: string, importer = 'main.ts', kind: ImportKind = 'import'): Resolution =>
  resolver({ specifier, importer, kind });
const file = (path: string): Resolution => ({ kind: 'file', path });

describe('what an import means in a tree', () => {
  test.each<[string, string, ImportKind, string]>([
    ['./util.ts', 'main.ts', 'import', 'util.ts'],
    ['./util', 'main.ts', 'import', 'util.ts'],
    ['./util.js', 'main.ts', 'import', 'util.ts'],
    ['./lib', 'main.ts', 'import', 'lib/index.ts'],
    ['./lib/', 'main.ts', 'import', 'lib/index.ts'],
    ['..', 'lib/a.js', 'import', 'main.ts'],
    ['../util.ts', 'lib/a.js', 'import', 'util.ts'],
    ['./data.json', 'main.ts', 'import', 'data.json'],
    ['zod', 'main.ts', 'import', 'node_modules/zod/index.mjs'],
    ['zod', 'main.ts', 'require', 'node_modules/zod/index.cjs'],
    ['zod/deep/a', 'main.ts', 'import', 'node_modules/zod/deep/a.js'],
    ['old', 'main.ts', 'import', 'node_modules/old/lib/main.js'],
    ['old/sub', 'main.ts', 'require', 'node_modules/old/sub/index.js'],
    ['bare', 'main.ts', 'import', 'node_modules/bare/index.js'],
    ['broken', 'main.ts', 'import', 'node_modules/broken/index.js'],
    ['@scope/a', 'lib/a.js', 'import', 'node_modules/@scope/a/a.js'],
    ['@scope/a/own', 'node_modules/@scope/a/a.js', 'import', 'node_modules/@scope/a/own.js'],
    ['zod', 'node_modules/@scope/a/a.js', 'import', 'node_modules/@scope/a/node_modules/zod/index.js'],
    ['linked', 'main.ts', 'import', 'node_modules/.store/linked/index.js'],
    ['#own', 'main.ts', 'import', 'lib/a.js'],
    ['#zod', 'lib/a.js', 'import', 'node_modules/zod/index.mjs'],
  ])('%s from %s by %s is %s', (specifier, importer, kind, path) => {
    expect(resolve(specifier, importer, kind)).toEqual(file(path));
  });

  test.each([
    ['util', { kind: 'builtin', name: 'util' }],
    ['node:timers/promises', { kind: 'builtin', name: 'timers/promises' }],
    ['#crypto', { kind: 'builtin', name: 'crypto' }],
    ['os', { kind: 'refused', name: 'os' }],
    ['node:fs/promises', { kind: 'refused', name: 'fs/promises' }],
    ['node:later', { kind: 'refused', name: 'later' }],
    ['#os', { kind: 'refused', name: 'os' }],
    ['../x.json', { kind: 'escape' }],
    ['./lib/../../x.json', { kind: 'escape' }],
    ['/etc/hostname', { kind: 'escape' }],
    ['file:///etc/hostname', { kind: 'escape' }],
    ['data:text/javascript,1', { kind: 'escape' }],
    ['https://example.com/x.js', { kind: 'escape' }],
    ['', { kind: 'escape' }],
    ['zod/up', { kind: 'escape' }],
    ['absent', { kind: 'package', name: 'absent' }],
    ['@scope/absent/sub', { kind: 'package', name: '@scope/absent' }],
    ['./absent.ts', { kind: 'absent' }],
    ['zod/gone', { kind: 'absent' }],
    ['zod/hidden.js', { kind: 'absent' }],
    ['#absent', { kind: 'absent' }],
    ['./util.ts/../../x', { kind: 'escape' }],
  ])('%j is %j', (specifier, expected) => {
    expect(resolve(specifier)).toEqual(expected);
  });
});
