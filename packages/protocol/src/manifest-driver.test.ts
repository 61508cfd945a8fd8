import { expect, test } from 'vitest';
import type { JsonObject } from './json.ts';
import { parseManifest } from './manifest.ts';

const TOOL = { name: 'get_env', mcp_name: 'get-env', description: '', parameters: {} };
const SERVER: JsonObject = {
  ...{ name: 'everything', version: '1.0.0', description: 'An MCP server.', author: 'a', driver: 'stdio' },
  main: 'node_modules/server/dist/index.js',
  mcp: { args: ['{data}'], env: { FILE: '{data}/x' }, tools: [TOOL] },
};

test('an MCP server is a plugin of driver "stdio", with one instance and a sandbox that holds it', () => {
  const parsed = parseManifest(SERVER);
  expect(parsed).toMatchObject({
    ok: true,
    manifest: {
      driver: 'stdio',
      mcp: { command: 'node', args: ['{data}'], env: { FILE: '{data}/x' }, tools: [TOOL] },
      limits: { instances: 1 },
      sandbox: { scope: 'tenant', min_tier: 'confined' },
    },
  });
});

test('a network of its own is a thing of the jail, too, with the hosts that it lists', () => {
  const asks = { optional_permissions: ['internet'], network: { allow: ['api.example.com:443'] } };
  expect(parseManifest({ ...SERVER, ...asks })).toMatchObject({ manifest: { sandbox: { min_tier: 'confined' } } });
  expect(parseManifest({ ...SERVER, required_permissions: ['internet'] })).toMatchObject({
    manifest: { sandbox: { min_tier: 'jail' } },
  });
});

test('child processes are held by namespaces alone, so that whoever needs them needs the jail', () => {
  expect(parseManifest({ ...SERVER, required_permissions: ['children'] })).toMatchObject({
    manifest: { sandbox: { min_tier: 'jail' } },
  });
});

test.each<[string, JsonObject, string]>([
  ['no server', { mcp: undefined } as unknown as JsonObject, 'plugin.json#/mcp'],
  ['no main', { main: undefined } as unknown as JsonObject, 'plugin.json#/main'],
  ['a command that is not required', { mcp: { command: 'uvx', tools: [] } }, 'plugin.json#/mcp/command'],
  ['a tool twice', { mcp: { tools: [TOOL, { ...TOOL, mcp_name: 'x' }] } }, 'plugin.json#/mcp/tools/1/name'],
  ['the server’s name twice', { mcp: { tools: [TOOL, { ...TOOL, name: 'x' }] } }, 'plugin.json#/mcp/tools/1/mcp_name'],
  ['a name that is none', { mcp: { tools: [{ ...TOOL, name: 'get-env' }] } }, 'plugin.json#/mcp/tools/0/name'],
  ['a loader’s variable', { mcp: { env: { LD_PRELOAD: 'x' }, tools: [] } }, 'plugin.json#/mcp/env/LD_PRELOAD'],
  ['a permission of plugins', { required_permissions: ['secrets'] }, 'plugin.json#/required_permissions/0'],
  ['a variable that is not required', { optional_permissions: ['env:TOKEN'] }, 'plugin.json#/optional_permissions/0'],
  ['hooks', { hooks: ['before_tool_call'] }, 'plugin.json#/hooks'],
  ['entry points', { entry_points: {} }, 'plugin.json#/entry_points'],
  ['one instance for all', { sandbox: { scope: 'shared' } }, 'plugin.json#/sandbox/scope'],
  ['two instances', { limits: { instances: 2 } }, 'plugin.json#/limits/instances'],
])('%s is a finding', (_, change, path) => {
  const manifest = JSON.parse(JSON.stringify({ ...SERVER, ...change })) as JsonObject; // Without what is undefined.
  const result = parseManifest(manifest);
  expect(result.ok ? [] : result.findings.map((finding) => finding.path)).toContain(path);
});

test('a variable of the server is for MCP servers that require it', () => {
  const asks = { requirements: { env: ['TOKEN'] }, required_permissions: ['env:TOKEN'] };
  expect(parseManifest({ ...SERVER, ...asks })).toMatchObject({ ok: true });
  const { driver: _driver, mcp: _mcp, ...plugin } = SERVER;
  expect(parseManifest({ ...plugin, ...asks })).toMatchObject({ ok: false });
  expect(parseManifest({ ...plugin, mcp: { tools: [] } })).toMatchObject({ ok: false });
});

const REMOTE: JsonObject = {
  ...{ name: 'tickets', version: '1.0.0', description: 'An MCP server.', author: 'a', main: 'main.js' },
  required_permissions: ['internet', 'secrets'],
  network: { allow: ['mcp.example.com:443'] },
  secrets: { TOKEN: { hosts: ['mcp.example.com:443'] } },
  mcp: { url: 'https://mcp.example.com/mcp', headers: { authorization: 'Bearer {TOKEN}' }, tools: [TOOL] },
};

test('an MCP server that is somewhere else is a plugin like any other, with its tools pinned', () => {
  expect(parseManifest(REMOTE)).toMatchObject({
    ok: true,
    manifest: { driver: 'process', mcp: { url: 'https://mcp.example.com/mcp', tools: [TOOL] } },
  });
});

const remote = (change: JsonObject): JsonObject => ({ mcp: { ...(REMOTE['mcp'] as JsonObject), ...change } });

test.each<[string, JsonObject, string]>([
  ['what is no URL', remote({ url: 'mcp.example.com' }), 'plugin.json#/mcp/url'],
  ['another scheme', remote({ url: 'file:///mcp' }), 'plugin.json#/mcp/url'],
  ['a host that is not listed', remote({ url: 'https://evil.example.com/mcp' }), 'plugin.json#/mcp/url'],
  ['a port that is not listed', remote({ url: 'https://mcp.example.com:8443/mcp' }), 'plugin.json#/mcp/url'],
  ['a secret that is not declared', remote({ headers: { 'x-key': '{KEY}' } }), 'plugin.json#/mcp/headers/x-key'],
  ['a command', remote({ command: 'node' }), 'plugin.json#/mcp/command'],
  ['arguments', remote({ args: [] }), 'plugin.json#/mcp/args'],
  ['a tool twice', remote({ tools: [TOOL, TOOL] }), 'plugin.json#/mcp/tools/1/name'],
  ['a server that is started, too', { driver: 'stdio' }, 'plugin.json#/mcp/url'],
])('%s is a finding where the MCP server is somewhere else', (_, change, path) => {
  const result = parseManifest({ ...REMOTE, ...change });
  expect(result.ok ? [] : result.findings.map((finding) => finding.path)).toContain(path);
});
