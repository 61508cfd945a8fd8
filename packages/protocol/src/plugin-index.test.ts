import { expect, test } from 'vitest';
import { parseIndexWanted } from './index-wanted.ts';
import { parsePluginIndex } from './plugin-index.ts';

const VERSION = {
  version: '1.0.0',
  description: 'A sample.',
  author: 'Somebody',
  file: 'sample-1.0.0.tgz',
  archive_sha256: 'a'.repeat(64),
  archive_bytes: 1_000,
  signature: null,
  license: { id: 'MIT', is_allowed: true },
  capabilities: ['text'],
  required_permissions: [],
  network_hosts: [],
  compatible_versions: null,
  requires: [],
  dependencies: [],
  review: { status: 'passed', errors: 0, warnings: 0, finding_ids: [], reason: null },
  blocked: null,
};

function indexOf(change: object, top: object = {}): unknown {
  const plugins = [{ name: 'sample', versions: [{ ...VERSION, ...change }] }];
  return { schema_v: 1, name: 'plugins', serial: 1, blocks: [], plugins, ...top };
}

test('an index is parsed, and keeps members that this version does not know', () => {
  const parsed = parsePluginIndex(indexOf({ stars: 5 }));
  expect(parsed).toMatchObject({ ok: true, index: { plugins: [{ versions: [{ stars: 5 }] }] } });
});

test.each([
  ['../sample.tgz'],
  ['/etc/passwd.tgz'],
  ['folder/sample.tgz'],
  ['..\\sample.tgz'],
  ['%2e%2e%2fsample.tgz'],
  ['.hidden.tgz'],
  ['sample.tgz?x=.tgz'],
  ['sample.tgz\n'],
  ['sam\u202Eple.tgz'],
  ['sample.js'],
  ['http://evil/sample.tgz'],
  ['a'.repeat(200) + '.tgz'],
])('[FAULTS-79] the file name %j is refused', (file) => {
  expect(parsePluginIndex(indexOf({ file }))).toMatchObject({
    ok: false,
    fault: expect.stringContaining('/plugins/0/versions/0/file'),
  });
});

test.each([
  ['another version of the form', { schema_v: 2 }, 'has schema_v 2'],
  ['no serial', { serial: undefined }, 'serial'],
  ['a serial below 1', { serial: 0 }, '/serial'],
  ['a serial that JavaScript cannot hold', { serial: 2 ** 53 }, '/serial'],
  ['a name that no plugin may have', { plugins: [{ name: '../x', versions: [] }] }, '/plugins/0/name'],
  ['a plugin twice', { plugins: [1, 2].map(() => ({ name: 'a', versions: [] })) }, 'the plugin "a" twice'],
  ['a version twice', { plugins: [{ name: 'a', versions: [VERSION, VERSION] }] }, 'a 1.0.0 twice'],
  ['too many plugins', { plugins: Array.from({ length: 10_001 }, (_, at) => ({ name: `a${at}`, versions: [] })) }, ''],
])('an index with %s is refused', (_what, top, fault) => {
  expect(parsePluginIndex(indexOf({}, top))).toMatchObject({ ok: false, fault: expect.stringContaining(fault) });
});

test.each([
  ['archive_sha256', 'x'],
  ['archive_bytes', 0],
  ['archive_bytes', 1e12],
  ['version', 'latest'],
  ['review', { status: 'fine' }],
  ['blocked', 'yes'],
  ['signature', { kind: 'none' }],
  ['description', 'x'.repeat(5_000)],
])('a version whose %s is %j is refused', (field, value) => {
  expect(parsePluginIndex(indexOf({ [field]: value }))).toMatchObject({ ok: false });
});

test.each([[null], [[]], ['index'], [3], [{}]])('%j is no index', (value) => {
  expect(parsePluginIndex(value)).toMatchObject({ ok: false });
});

test('what is wanted is a name, with a version or without', () => {
  expect(parseIndexWanted('weather')).toEqual({ name: 'weather' });
  expect(parseIndexWanted('weather@1.0.0-rc.1')).toEqual({ name: 'weather', version: '1.0.0-rc.1' });
  for (const text of ['', '@1.0.0', 'Weather', '../x', 'weather@', 'weather@latest', 'weather@1.0.0@2.0.0'])
    expect(parseIndexWanted(text)).toBeUndefined();
});
