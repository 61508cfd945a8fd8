import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { chooseTarget } from './choose-target.ts';
import { nextPatchVersion, readPluginTree, textIn, withVersion } from './plugin-tree.ts';
import { callsOfRecordings, parseRepairCalls, type RepairRecording } from './repair-calls.ts';
import { splitCalls } from './split-calls.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bulkhead-repair-parts-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function folderOf(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, name, path, '..'), { recursive: true });
    await writeFile(join(root, name, path), text);
  }
  return join(root, name);
}

test('calls are read with what is expected of them, and a line that is wrong is named', () => {
  const text = [
    '{"tool":"a","params":{"n":1},"expect":null}',
    '',
    '{"tool":"a","expect":"ok"}',
    '{"tool":"b","params":{}}',
    '{"tool":"b","params":{},"expect_error":"TOOL_REPORTED_ERROR"}',
  ].join('\n');
  expect(parseRepairCalls(text, 'calls')).toEqual([
    { tool: 'a', params: { n: 1 }, expect: { kind: 'value', value: null } },
    { tool: 'a', params: {}, expect: { kind: 'any' } },
    { tool: 'b', params: {}, expect: { kind: 'any' } },
    { tool: 'b', params: {}, expect: { kind: 'error', code: 'TOOL_REPORTED_ERROR' } },
  ]);
  const wrong = {
    '{"tool":"a"}\n{': 'line 2 of calls is not JSON',
    '[]': 'line 1 of calls is no object',
    '{"params":{}}': 'names no tool',
    '{"tool":"a","params":[]}': 'params that are no object',
    '{"tool":"a","expects":1}': 'has a member "expects"',
    '{"tool":"a","expect":1,"expect_error":"X"}': 'both',
    '{"tool":"a","expect_error":"x"}': 'no code',
    '': '0 calls',
  };
  for (const [given, message] of Object.entries(wrong)) {
    expect(() => parseRepairCalls(given, 'calls')).toThrow(coded('REPAIR_INVALID', message));
  }
});

test('of recorded calls, faults are to be answered, answers and refusals to stay, and the rest says nothing', () => {
  const recorded = (fields: Partial<RepairRecording>): RepairRecording => {
    const call = { tool: 'a', params: {}, outcome: 'ok', code: null, result: null } as const;
    return { ...call, ...fields };
  };
  const calls = callsOfRecordings([
    recorded({ result: { value: 3 } }),
    recorded({}),
    recorded({ outcome: 'tool_error', code: 'TOOL_REPORTED_ERROR' }),
    recorded({ outcome: 'tool_error', code: 'PLUGIN_THREW' }),
    recorded({ outcome: 'timeout', code: 'CALL_TIMEOUT' }),
    recorded({ outcome: 'denied', code: 'PERMISSION_NOT_GRANTED' }),
    recorded({ params: 'none' }),
  ]);
  expect(calls).toEqual([
    { tool: 'a', params: {}, recorded: { kind: 'value', value: 3 } },
    { tool: 'a', params: {} },
    { tool: 'a', params: {}, recorded: { kind: 'error', code: 'TOOL_REPORTED_ERROR' } },
    { tool: 'a', params: {}, expect: { kind: 'any' } },
    { tool: 'a', params: {}, expect: { kind: 'any' } },
  ]);
});

test('the same calls are hidden in whatever order they come, and none is lost', () => {
  const numbers = fc.uniqueArray(fc.integer(), { maxLength: 40 });
  fc.assert(
    fc.property(numbers, fc.nat(), (values, seed) => {
      const calls = values.map((n) => ({ tool: 'a', params: { n } }));
      const { visible, hidden } = splitCalls(calls, seed);
      expect(splitCalls(calls.toReversed(), seed)).toEqual({ visible, hidden });
      expect(new Set([...visible, ...hidden].map(({ params }) => params.n))).toEqual(new Set(values));
      expect(visible.length + hidden.length).toBe(values.length);
      expect(hidden.length).toBe(values.length < 2 ? 0 : Math.max(1, Math.floor(values.length * 0.4)));
    }),
  );
});

const PLUGIN = {
  'plugin.json': '{\n  "name": "two",\n  "version": "1.2.3",\n  "main": "src/main.ts"\n}\n',
  'src/main.ts': "import { help } from './help.ts';\nexport default { tools: [{ name: 'first' }] };\n",
  'src/help.ts': "export const help = { name: 'second' };\n",
  'tests/main.test.ts': 'export {};\n',
  'node_modules/left/index.js': 'export {};\n',
  '.hidden/x.ts': 'export {};\n',
};

test('a folder is read with its packages, its modules main first, and its manifest is changed in place', async () => {
  const tree = await readPluginTree(await folderOf('two', PLUGIN));
  expect(tree).toMatchObject({ name: 'two', version: '1.2.3', main: 'src/main.ts' });
  expect(tree.sources).toEqual(['src/main.ts', 'src/help.ts']);
  expect([...tree.files.keys()]).not.toContain('.hidden/x.ts');
  expect([...tree.files.keys()]).toContain('node_modules/left/index.js');
  expect(textIn(withVersion(tree, '1.2.4'), 'plugin.json')).toBe(PLUGIN['plugin.json'].replace('1.2.3', '1.2.4'));
  expect(nextPatchVersion('1.2.3')).toBe('1.2.4');
  expect(nextPatchVersion('2.0.0-beta.1')).toBe('2.0.0');
});

test('a link of the author’s, a folder without a manifest and an MCP server are refused', async () => {
  const linked = await folderOf('linked', PLUGIN);
  await symlink('/etc/passwd', join(linked, 'src/passwd.ts'));
  await expect(readPluginTree(linked)).rejects.toThrow(coded('REPAIR_INVALID', 'is a link'));
  const bare = await folderOf('bare', { 'main.ts': '' });
  await expect(readPluginTree(bare)).rejects.toThrow(coded('REPAIR_INVALID', 'no plugin.json'));
  const server = await folderOf('server', {
    ...PLUGIN,
    'plugin.json': '{"name":"server","version":"1.0.0","driver":"stdio"}',
  });
  await expect(readPluginTree(server)).rejects.toThrow(coded('REPAIR_INVALID', 'is an MCP server'));
});

test('the file that a stack names comes first, then the one that names the failing tool, then main', async () => {
  const tree = await readPluginTree(await folderOf('target', PLUGIN));
  const stack = 'TypeError: x\n    at help (src/help.ts:1:14)\n    at src/main.ts:2:1';
  expect(chooseTarget(tree, { told: ['nothing', stack], tools: ['first'] })).toBe('src/help.ts');
  expect(chooseTarget(tree, { told: ['at node:internal/x.js:1', ''], tools: ['second'] })).toBe('src/help.ts');
  expect(chooseTarget(tree, { told: [], tools: ['none'] })).toBe('src/main.ts');
});
