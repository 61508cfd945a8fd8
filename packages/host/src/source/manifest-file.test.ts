import { LIMITS, type Finding } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { peekName, readManifest } from './manifest-file.ts';
import { MANIFEST, makePluginFolder } from './plugin-folder.fixture.ts';
import { OPERATOR_FOLDER, readSource } from './read-source.ts';
import type { SourceTree } from './source-tree.ts';

async function treeWith(files: Record<string, string | object>): Promise<SourceTree> {
  await using plugin = await makePluginFolder(files);
  return await readSource(plugin.dir, OPERATOR_FOLDER); // Awaited, because the folder goes on the way out.
}

async function findingsIn(text: string): Promise<readonly Finding[]> {
  const result = readManifest(await treeWith({ 'plugin.json': text }));
  return result.ok ? [] : result.findings;
}

test('[F003-27] a valid plugin.json is parsed before anything is loaded', async () => {
  const result = readManifest(await treeWith({}));
  expect(result).toMatchObject({ ok: true, path: 'plugin.json', manifest: { name: 'sample', version: '1.0.0' } });
});

test('package.json may carry the manifest under "bulkhead"; plugin.json goes first', async () => {
  const inPackage = { name: 'other', bulkhead: { ...MANIFEST, name: 'packed' } };
  const both = await treeWith({ 'package.json': inPackage });
  expect(readManifest(both)).toMatchObject({ ok: true, path: 'plugin.json', manifest: { name: 'sample' } });
  const alone = { ...both, files: new Map([...both.files].filter(([path]) => path !== 'plugin.json')) };
  expect(readManifest(alone)).toMatchObject({ ok: true, path: 'package.json', manifest: { name: 'packed' } });
  expect(peekName(alone)).toBe('packed');
});

test('a folder without a manifest is told what to write', async () => {
  const tree = await treeWith({});
  expect(readManifest({ ...tree, files: new Map() })).toMatchObject({
    ok: false,
    findings: [{ id: 'MANIFEST_INVALID', path: 'plugin.json', line: null, message: 'plugin.json is missing' }],
  });
});

test('every finding comes at once, each with its JSON path and the line at which it stands', async () => {
  const text = `{
  "name": "Sample!",
  "version": "v1",
  "description": "x",
  "author": "x",
  "limits": {
    "timeout_ms": -1
  },
  "versoin": "1.0.0"
}`;
  const found = (await findingsIn(text)).map(({ path, line }) => [path, line]);
  expect(found).toHaveLength(4);
  expect(found).toEqual(
    expect.arrayContaining([
      ['plugin.json#/name', 2],
      ['plugin.json#/version', 3],
      ['plugin.json#/limits/timeout_ms', 7],
      ['plugin.json#/versoin', 9],
    ]),
  );
});

test('a missing field is reported at the object that lacks it', async () => {
  expect(await findingsIn('{\n"name": "a",\n"version": "1.0.0",\n"author": "x"\n}')).toMatchObject([
    { path: 'plugin.json#/description', line: 1 },
  ]);
});

test('findings in package.json carry the path and line there', async () => {
  const tree = await treeWith({});
  const text = `{\n"name": "x",\n"bulkhead": {\n"name": "a",\n"version": "1",\n"description": "x",\n"author": "x" } }`;
  expect(readManifest({ ...tree, files: new Map([['package.json', Buffer.from(text)]]) })).toMatchObject({
    findings: [{ path: 'package.json#/bulkhead/version', line: 5 }],
  });
});

test('[FAULTS-86] a key that is written twice is refused, at any depth', async () => {
  const found = await findingsIn('{\n"name": "a",\n"config": {\n"x": 1,\n"\\u0078": 2 },\n"name": "b"\n}');
  expect(found.map(({ path, line }) => [path, line])).toEqual([
    ['plugin.json#/config/x', 5],
    ['plugin.json#/name', 6],
  ]);
});

test('[FAULTS-86] size and depth are judged before anything is parsed', async () => {
  const deep = `{"config":${'['.repeat(100_000)}`.slice(0, LIMITS.manifest_bytes.value);
  expect(await findingsIn(deep)).toMatchObject([{ message: expect.stringContaining('nests deeper than 32') }]);
  expect(await findingsIn(`"${'x'.repeat(LIMITS.manifest_bytes.value)}"`)).toMatchObject([
    { message: expect.stringContaining('at most 65536 are read') },
  ]);
  const many = JSON.stringify({
    ...MANIFEST,
    config: Object.fromEntries(Array.from({ length: 5_000 }, (_, key) => [`k${key}`, 1])),
  });
  expect(await findingsIn(many)).toEqual([]);
});

test.each([
  ['{"name": NaN}', 1],
  ['{\n"name": "a",\n}', 3],
  ['', 1],
  ['{\n// comment\n}', 2],
])('[FAULTS-86] text that is no JSON is refused with its line: %j', async (text, line) => {
  expect(await findingsIn(text)).toMatchObject([{ id: 'MANIFEST_INVALID', path: 'plugin.json', line }]);
});

test('[FAULTS-86] a __proto__ key is an unknown field and reaches no prototype', async () => {
  const text = JSON.stringify(MANIFEST).replace('{', '{"__proto__": {"polluted": true},');
  expect(await findingsIn(text)).toMatchObject([{ path: 'plugin.json#/__proto__' }]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('any text is a manifest or findings, never a throw', async () => {
  const tree = await treeWith({});
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((json) => json.slice(1)),
      ),
      (text) => {
        const result = readManifest({ ...tree, files: new Map([['plugin.json', Buffer.from(text)]]) });
        expect(result.ok || result.findings.length > 0).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

const SERVER = { ...MANIFEST, driver: 'stdio', main: 'server.mjs', mcp: { env: {} } };
const TOOL = { name: 'add', mcp_name: 'add', description: 'Adds.', parameters: { type: 'object' } };

async function readServer(tools: string | object | undefined, mcp: object = SERVER.mcp) {
  const beside = tools === undefined ? {} : { 'plugin.tools.json': tools };
  return readManifest(await treeWith({ 'plugin.json': { ...SERVER, mcp }, 'server.mjs': '', ...beside }));
}

test('pinned tools stand in a file beside the manifest where it leaves them out, and are part of it', async () => {
  const read = await readServer([TOOL]);
  expect(read).toMatchObject({ ok: true, manifest: { mcp: { tools: [{ name: 'add' }] } } });
  expect(read.ok && read.manifest.source['mcp']).toEqual({ env: {}, tools: [TOOL] });
  expect(await readServer('no JSON', { tools: [] })).toMatchObject({ ok: true, manifest: { mcp: { tools: [] } } });
});

test.for<[string, string | object | undefined, object]>([
  ['at its line', '[\n  {"name": "add",\n   "mcp_name": 7}\n]', { path: 'plugin.tools.json#/0/mcp_name', line: 3 }],
  ['that is no JSON', '[\n  {,\n]', { path: 'plugin.tools.json', line: 2 }],
  ['that has a key twice', '[{"name": "a",\n"name": "b"}]', { path: 'plugin.tools.json#/0/name', line: 2 }],
  ['that is no array', {}, { path: 'plugin.tools.json', line: 1 }],
  ['that is not there', undefined, { path: 'plugin.json#/mcp/tools', line: 8 }],
])('what is wrong with a file of tools %s is said', async ([, tools, finding]) => {
  const read = await readServer(tools);
  expect(read.ok ? [] : read.findings).toContainEqual(expect.objectContaining({ id: 'MANIFEST_INVALID', ...finding }));
});

test('a file of tools is bounded, also where no file of the plugin is so large', async () => {
  const value = LIMITS.mcp_tools_bytes.value;
  const large = [{ ...TOOL, description: 'x'.repeat(value) }];
  const read = await readServer(large);
  expect(read).toMatchObject({
    ok: false,
    findings: [{ path: 'plugin.tools.json', message: expect.stringContaining(`at most ${value} are read`) as string }],
  });
});
