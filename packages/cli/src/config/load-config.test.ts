import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder, REPOSITORY } from '../cli-fixture.ts';
import { CONFIG_KEYS } from './keys.ts';
import { pluginHosts } from './plugin-hosts.ts';
import { loadConfig } from './load-config.ts';
import { backendRulesOf, hookRulesOf } from './table-lists.ts';

async function load(toml: string, env: Readonly<Record<string, string>> = {}, flags = {}) {
  await using folder = await makeFolder();
  const file = join(folder.path, 'bulkhead.toml');
  await writeFile(file, toml);
  return await loadConfig({ flags, env, file });
}

test('without any source the defaults stand', async () => {
  const config = await load('');
  for (const [path, key] of Object.entries(CONFIG_KEYS)) expect(config).toHaveProperty([path], key.fallback);
  expect(config.grants).toEqual({});
});

test('a flag beats the environment, which beats the file, which beats the default', async () => {
  const toml = '[server]\nport = 1\nhost = "::1"\nlog_level = "warn"\n';
  const env = { BULKHEAD__SERVER__PORT: '2', BULKHEAD__SERVER__HOST: '127.0.0.2' };
  const config = await load(toml, env, { 'server.port': 3 });
  expect(config).toMatchObject({
    'server.port': 3,
    'server.host': '127.0.0.2',
    'server.log_level': 'warn',
    'data.dir': '.bulkhead',
  });
});

test('grants of all sources are joined by name; the nearer source decides for a name', async () => {
  const toml = '[grants]\nweather = ["internet"]\ncache = ["temp_dir"]\n';
  const config = await load(toml, { BULKHEAD__GRANTS__CACHE: 'temp_dir,events' }, { grants: { extra: ['llm'] } });
  expect(config.grants).toEqual({ weather: ['internet'], cache: ['temp_dir', 'events'], extra: ['llm'] });
});

test('lists and flags are read from the environment', async () => {
  const config = await load('', { BULKHEAD__PLUGINS__DIRS: 'one, two', BULKHEAD__PLUGINS__WATCH: 'true' });
  expect(config).toMatchObject({ 'plugins.dirs': ['one', 'two'], 'plugins.watch': true });
});

test('indexes are a list of tables in the file, and JSON in the environment', async () => {
  const index = { place: 'https://plugins.example.com/', key: `ed25519:${'A'.repeat(43)}=` };
  const toml = `[[install.index]]\nplace = "${index.place}"\nkey = "${index.key}"\n`;
  expect(await load(toml)).toMatchObject({ 'install.index': [index] });
  const env = { BULKHEAD__INSTALL__INDEX: JSON.stringify([{ ...index, place: './index' }]) };
  expect(await load(toml, env)).toMatchObject({ 'install.index': [{ place: './index' }] });
  for (const wrong of ['x', '[{}]', JSON.stringify([{ ...index, key: 'x' }]), JSON.stringify([{ ...index, more: 1 }])])
    await expect(load('', { BULKHEAD__INSTALL__INDEX: wrong })).rejects.toThrow('expected a list of { place =');
});

test('rules of hooks are a list of tables, and what a rule does not know is refused', async () => {
  const toml =
    '[[hooks.rules]]\nplugin = "audit"\nfailure = "fail_closed"\n[[hooks.rules]]\nplugin = "gate"\ntimeout_ms = 50\n';
  const { 'hooks.rules': rules } = await load(toml);
  expect(hookRulesOf(rules)).toEqual({ audit: { failure: 'fail_closed' }, gate: { timeoutMs: 50 } });
  const wrong = [
    {},
    { plugin: 'UPPER' },
    { plugin: 'a', failure: 'open' },
    { plugin: 'a', timeout_ms: 2_001 },
    { plugin: 'a', more: 1 },
  ];
  for (const rule of wrong)
    await expect(load('', { BULKHEAD__HOOKS__RULES: JSON.stringify([rule]) })).rejects.toThrow(
      'expected a list of { plugin = "NAME", priority? = N, failure? = "fail_open" or "fail_closed", timeout_ms? = MS }',
    );
});

test('backends of language models are a list of tables; keys are named and never written there [X000-25]', async () => {
  const toml =
    '[[llm.backends]]\nname = "fast"\nplugin = "llm_openrouter"\nmodel = "m"\napi_key_env = "KEY"\ntimeout_ms = 30000\nweight = 0.5\nusd_per_million_tokens = { input = 1, output = 2.5 }\n[[llm.backends]]\nname = "mock"\n';
  const { 'llm.backends': tables } = await load(toml);
  expect(backendRulesOf(tables, { KEY: 'sk-planted' })).toEqual([
    {
      name: 'fast',
      plugin: 'llm_openrouter',
      model: 'm',
      apiKey: { name: 'KEY', value: 'sk-planted' },
      timeoutMs: 30_000,
      weight: 0.5,
      usdPerMillionTokens: { input: 1, output: 2.5 },
    },
    { name: 'mock' },
  ]);
  expect(() => backendRulesOf(tables, {})).toThrow('the key of backend "fast" is to be in KEY, which is not set');
  for (const wrong of [
    {},
    { name: 'a', weight: -1 },
    { name: 'a', api_key: 'sk-planted' },
    { name: 'a', timeout_ms: 0 },
  ])
    await expect(load('', { BULKHEAD__LLM__BACKENDS: JSON.stringify([wrong]) })).rejects.toThrow(
      'expected a list of { name = "NAME", plugin? =',
    );
  const inTheWrongPlace = load('', { BULKHEAD__LLM__BACKENDS: '[{"name":"a","api_key":"sk-planted"}]' });
  await expect(inTheWrongPlace).rejects.toThrow('is not what it takes; expected a list of');
});

test('private hosts are exact, with their ports', async () => {
  const toml = (host: string): string => `[egress]\nprivate_hosts = ["${host}"]\n`;
  expect(await load(toml('localhost:11434'))).toMatchObject({ 'egress.private_hosts': ['localhost:11434'] });
  expect(await load(toml('127.0.0.1:8080'))).toMatchObject({ 'egress.private_hosts': ['127.0.0.1:8080'] });
  for (const wrong of ['localhost', '*.local:80', 'http://localhost:80', 'localhost:0', 'localhost:99999', ''])
    await expect(load(toml(wrong))).rejects.toThrow('expected a list of exact hosts with their ports');
});

test('what OAuth clients of /mcp are told is addresses', async () => {
  const toml = (server: string, origin: string): string =>
    `[mcp]\nauthorization_servers = ["${server}"]\norigin = "${origin}"\n`;
  expect(await load(toml('https://login.example.com/a', 'https://tools.example.com'))).toMatchObject({
    'mcp.authorization_servers': ['https://login.example.com/a'],
    'mcp.origin': 'https://tools.example.com',
  });
  expect(await load(toml('http://localhost:9000', 'http://localhost:7070'))).toBeDefined();
  for (const wrong of ['http://login.example.com', 'login.example.com', 'https://a.example/?x=1'])
    await expect(load(toml(wrong, 'https://a.example'))).rejects.toThrow('expected a list of addresses with https');
  for (const wrong of ['https://a.example/', 'https://a.example/mcp', 'a.example'])
    await expect(load(toml('https://a.example', wrong))).rejects.toThrow('expected scheme, host and port');
});

test('hosts of one plugin are named with it', async () => {
  const toml = (text: string): string => `[egress]\nplugin_hosts = ["${text}", "llm=b.example.com:8443"]\n`;
  const config = await load(toml('llm=a.example.com:443'));
  expect(pluginHosts(config['egress.plugin_hosts'])).toEqual({ llm: ['a.example.com:443', 'b.example.com:8443'] });
  for (const wrong of ['a.example.com:443', 'llm=a.example.com', 'LLM=a.example.com:443', 'llm=*.example.com:443', '='])
    await expect(load(toml(wrong))).rejects.toThrow('expected a list of PLUGIN=HOST:PORT');
});

test.each([
  ['an unknown key', '[server]\nprot = 1', 'server.prot is not known', 'Did you mean server.port?'],
  ['an unknown table', '[sever]\nport = 1', 'sever.port is not known', 'server.port'],
  ['a key outside any table', 'port = 1', 'port is not known', 'server.port'],
  ['text for a number', '[server]\nport = "7070"', 'server.port is "7070"; expected a whole number', undefined],
  ['a port that is none', '[server]\nport = 65536', 'server.port is 65536', undefined],
  ['a word that is none', '[sandbox]\nmin_tier = "strong"', 'expected one of process, uid, confined, jail', undefined],
  ['text for a list', '[plugins]\ndirs = "plugins"', 'expected a list of texts', undefined],
  ['a name that no plugin has', '[sandbox]\nshared = ["A B"]', 'expected a list of plugin names', undefined],
  ['a list of numbers', '[grants]\nx = [1]', 'grants.x is [1]', undefined],
  ['a grant for no plugin’s name', '[grants]\nX = ["llm"]', 'grants.X is not known', 'grants.<plugin>'],
  ['a text that is no TOML', '[server', 'bulkhead.toml: ', undefined],
])('%s is refused with its path and what was expected', async (_what, toml, message, hint) => {
  const error = await load(toml).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ name: 'UsageError', message: expect.stringContaining(message) });
  if (hint !== undefined) expect(error).toMatchObject({ hint: expect.stringContaining(hint) });
});

test('no file is needed, unless it was named', async () => {
  await expect(loadConfig({ flags: {}, env: {}, file: '/nowhere/bulkhead.toml' })).rejects.toThrow(
    'cannot be read (ENOENT)',
  );
});

test('docs/operator.md shows every key with its default', async () => {
  const text = await readFile(join(REPOSITORY, 'docs/operator.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  for (const [path, { fallback, about }] of Object.entries(CONFIG_KEYS)) {
    const cells = [`\`${path}\``, `\`${JSON.stringify(fallback)}\``, about];
    expect(rows.filter((row) => cells.every((cell) => row.includes(cell)))).toHaveLength(1);
  }
});
