import { parseManifest, type Manifest } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { isAllowedLicense, judgeLicenses } from './judge-licenses.ts';
import { listDependencies } from './list-dependencies.ts';

function manifestWith(license: string | undefined): Manifest {
  const parsed = parseManifest({
    name: 'a',
    version: '1.0.0',
    description: 'd',
    author: 'a',
    ...(license && { license }),
  });
  if (!parsed.ok) throw new Error('a valid manifest');
  return parsed.manifest;
}

test.each([
  ['MIT', true],
  ['Apache-2.0', true],
  ['(MIT OR GPL-3.0-only)', true],
  ['MIT AND Zlib', true],
  ['MIT AND GPL-3.0-only', false],
  ['Apache-2.0 WITH LLVM-exception', true],
  ['GPL-3.0-only WITH Classpath-exception-2.0', false],
  ['AGPL-3.0-or-later', false],
  ['UNLICENSED', false],
  ['SEE LICENSE IN LICENSE', false],
  ['', false],
])('[F000-14] [X000-34] the licence "%s" passes: %s', (expression, passes) => {
  expect(isAllowedLicense(expression)).toBe(passes);
});

test('[F000-14] the plugin’s own licence is a warning where it is not on the list; a plugin of its author’s alone need not state one', () => {
  expect(judgeLicenses(manifestWith('MIT'), [])).toEqual([]);
  expect(judgeLicenses(manifestWith('GPL-3.0-only'), [])).toMatchObject([
    { id: 'LICENSE_NOT_ALLOWED', severity: 'warning', path: 'plugin.json#/license' },
  ]);
  expect(judgeLicenses(manifestWith(undefined), [])).toEqual([]);
});

test('[X000-34] a package is named with its version and what it states', () => {
  const packages = [
    { name: 'good', version: '1.0.0', license: 'ISC', path: 'node_modules/good' },
    { name: 'copyleft', version: '2.0.0', license: 'GPL-2.0-only', path: 'node_modules/copyleft' },
    { name: '@a/silent', version: null, license: null, path: 'node_modules/@a/silent' },
  ];
  const messages = judgeLicenses(manifestWith('MIT'), packages).map(({ path, message }) => [path, message]);
  expect(messages).toEqual([
    ['node_modules/copyleft/package.json', 'copyleft@2.0.0 has the licence "GPL-2.0-only", which is not on the list'],
    ['node_modules/@a/silent/package.json', '@a/silent states no licence'],
  ]);
});

test('packages are listed by name and version, with the licence in each form that package.json has had', () => {
  const about: Readonly<Record<string, object>> = {
    'node_modules/b': { version: '1.0.0', license: 'MIT' },
    'node_modules/@s/a': { version: '0.1.0', license: { type: 'ISC' } },
    'node_modules/b/node_modules/c': { version: '3.0.0', licenses: [{ type: 'MIT' }, { type: 'GPL-2.0-only' }] },
    'node_modules/unused': { version: '1.0.0', license: 'MIT' },
    'node_modules/odd': { version: 5, license: ['MIT'] },
  };
  const files = new Map<string, Uint8Array>(
    Object.entries(about).map(([root, value]) => [`${root}/package.json`, Buffer.from(JSON.stringify(value))]),
  );
  const roots = Object.keys(about).filter((root) => !root.endsWith('unused'));
  const reached = ['main.ts', ...files.keys(), ...roots.map((root) => `${root}/index.js`)];
  expect(listDependencies(reached, files)).toEqual([
    { name: '@s/a', version: '0.1.0', license: 'ISC', path: 'node_modules/@s/a' },
    { name: 'b', version: '1.0.0', license: 'MIT', path: 'node_modules/b' },
    { name: 'c', version: '3.0.0', license: '(MIT OR GPL-2.0-only)', path: 'node_modules/b/node_modules/c' },
    { name: 'odd', version: null, license: null, path: 'node_modules/odd' },
  ]);
});

test('a package.json that is no JSON, or that would steer a terminal, says nothing', () => {
  const files = new Map<string, Uint8Array>([
    ['node_modules/a/package.json', Buffer.from('{')],
    ['node_modules/b/package.json', Buffer.from(JSON.stringify({ version: '\u001b[2J', license: 'x'.repeat(1000) }))],
  ]);
  const listed = listDependencies(['node_modules/a/i.js', 'node_modules/b/i.js'], files);
  expect(listed).toEqual([
    { name: 'a', version: null, license: null, path: 'node_modules/a' },
    { name: 'b', version: '?[2J', license: 'x'.repeat(100), path: 'node_modules/b' },
  ]);
});
