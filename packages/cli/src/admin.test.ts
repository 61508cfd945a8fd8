import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  makeFolder,
  run,
  runHere,
  serve,
  start,
  writePlugin,
  type Ended,
  type Folder,
  type Served,
  verbsOf,
} from './cli-fixture.ts';

// A first start of the embedded database takes seconds, and many more on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const PLATFORM = 'a-platform-token-that-is-long-enough';
const MANIFEST = {
  config: { precision: 2 },
  config_schema: { type: 'object', properties: { precision: { type: 'integer' } } },
  required_permissions: ['internet'],
};
const MAIN = `export default { tools: [{ name: 'config', description: 'Its configuration.', parameters: { type: 'object' },
  execute: (_, context) => context.config }] };`;

let folder: Folder;
let served: Served;
beforeAll(async () => {
  folder = await makeFolder();
  const plugins = join(folder.path, 'plugins');
  await writePlugin(plugins, { name: 'configured', main: MAIN, manifest: MANIFEST });
  await writePlugin(plugins, { name: 'evil', main: "export default { tools: [] }; eval('1');" });
  const args = ['--plugins', plugins, '--data', join(folder.path, 'data')];
  served = await serve(args, { env: { BULKHEAD_TOKEN: PLATFORM } });
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Where the command line runs as its user does, with this token. */
function as(token: string): { readonly cwd: string; readonly env: Readonly<Record<string, string>> } {
  return { cwd: folder.path, env: { BULKHEAD_SERVER: served.ready.url, BULKHEAD_TOKEN: token } };
}

function ask(line: string, token: string = PLATFORM): Promise<Ended> {
  return verbsOf(served.ready.url, PLATFORM)(line, token);
}

function verb(args: readonly string[], token: string = PLATFORM): Promise<Ended> {
  return runHere([...args, '--server', served.ready.url, '--token', token]);
}

async function askJson(line: string, token: string = PLATFORM): Promise<unknown> {
  const { code, stdout, stderr } = await ask(`${line} --json`, token);
  expect({ code, stderr: code === 0 ? '' : stderr, lines: stdout.split('\n').length }).toEqual({
    code: 0,
    stderr: '',
    lines: 2,
  });
  return JSON.parse(stdout);
}

/** A tenant with a token of its own. */
async function newTenant(name: string, role = 'admin'): Promise<string> {
  await ask(`tenant create ${name}`);
  return (await ask(`token create --tenant ${name} --role ${role} --quiet`)).stdout.trim();
}

test('a tenant is made, listed, shown, changed and removed, by id or name', async () => {
  const made = await askJson('tenant create paper --quota calls_per_second=5 --min-tier process');
  expect(made).toMatchObject({ name: 'paper', min_tier: 'process', quota: { calls_per_second: 5 } });
  const { id } = made as { readonly id: string }; // Looked at above.
  const list = await ask('tenant list');
  expect(list.stdout).toMatch(/^NAME +ID +MIN TIER +QUOTA +MADE\ndefault +default +- +-/);
  expect(list.stdout).toMatch(new RegExp(`^paper +${id} +process +calls_per_second=5 `, 'm'));
  const change = 'tenant update paper --quota calls_in_flight=3 --quota calls_per_second=none --min-tier none';
  expect(await askJson(change)).toMatchObject({ id, min_tier: null, quota: { calls_in_flight: 3 } });
  expect(await askJson(`tenant show ${id}`)).toMatchObject({ name: 'paper', quota: { calls_in_flight: 3 } });
  expect(await askJson('tenant delete paper')).toEqual({ id, name: 'paper' });
  expect(await ask('tenant show paper')).toMatchObject({
    code: 25,
    stderr: expect.stringContaining('there is no tenant "paper" (TENANT_NOT_FOUND)\n`bulkhead tenant list`'),
  });
});

test('a token’s text is the first line of stdout, alone with --quiet, and never shown again', async () => {
  await ask('tenant create shown');
  const loud = await ask('token create --tenant shown --role admin --expires 90d --scope math:calculate');
  expect(loud.stdout).toMatch(/^\S{32,}\n$/);
  expect(loud.stderr).toMatch(/admin +math:calculate/);
  expect(loud.stderr).toContain('shown this once');
  const token = loud.stdout.trim();
  const quiet = await ask('token create --role viewer --quiet', token);
  expect([quiet.stdout, quiet.stderr]).toEqual([expect.stringMatching(/^\S{32,}\n$/), '']);
  const listed = await ask('token list', token);
  expect(listed.stdout).toMatch(/viewer +all .+never/);
  for (const text of [token, quiet.stdout.trim()]) expect(listed.stdout + listed.stderr).not.toContain(text);
  const rows = (await askJson('token list', token)) as readonly { readonly id: string; readonly role: string }[]; // Its schema.
  const admin = rows.find(({ role }) => role === 'admin');
  expect((await ask(`token revoke ${admin?.id ?? ''}`)).code).toBe(0);
  expect(await ask('token list', token)).toMatchObject({ code: 14, stderr: expect.stringContaining('AUTH_REQUIRED') });
});

test('plugins shows what a tenant may enable and what it has; enable says what is asked for and not granted', async () => {
  const token = await newTenant('lister');
  expect((await ask('plugins', token)).stdout).toMatch(
    /^PLUGIN +NEWEST +HAS +STATE +PERMISSIONS +DESCRIPTION\nconfigured +1\.0\.0 +- +- +internet\? +configured\.\n$/,
  );
  const enabled = await ask('enable configured', token);
  expect(enabled.stdout).toMatch(/configured +1\.0\.0 +enabled +- /);
  expect(enabled.stderr).toContain('Grant it with: bulkhead enable configured --grant internet');
  const granted = await verb(['enable', 'configured', '--grant', 'internet', '--config', '{"precision":7}'], token);
  expect([granted.code, granted.stderr]).toEqual([0, '']);
  expect((await ask('plugins', token)).stdout).toMatch(/configured +1\.0\.0 +1\.0\.0 +enabled +internet /);
  expect(await askJson('disable configured', token)).toMatchObject({ enabled: false, config: { precision: 7 } });
  expect((await ask('plugins --tenant lister')).stdout).toMatch(/1\.0\.0 +disabled +internet /);
  await newTenant('named');
  const named = await ask('enable configured --tenant named');
  expect(named.stderr).toContain('Grant it with: bulkhead enable configured --tenant named --grant internet');
  expect((await ask('plugins')).stderr).toMatch(/refused .+plugins\/evil {2}REVIEW_REFUSED/);
});

test('a configuration is set whole, from a file, from standard input, or key by key', async () => {
  const token = await newTenant('setter');
  await ask('enable configured --grant internet', token);
  const set = (...given: readonly string[]) => verb(['config', 'set', 'configured', ...given, '--json'], token);
  expect((await set('{"precision":3}')).stdout).toBe('{"precision":3}\n');
  expect((await set('precision=4', 'deep.er=true', 'word=a b')).stdout).toBe(
    '{"precision":4,"deep":{"er":true},"word":"a b"}\n',
  );
  await writeFile(join(folder.path, 'set.json'), '{"precision":5}');
  expect((await set(`@${join(folder.path, 'set.json')}`)).stdout).toBe('{"precision":5}\n');
  const piped = start(['config', 'set', 'configured', '-'], { ...as(token), stdin: 'pipe' });
  piped.child.stdin?.end('{"precision":6}');
  expect((await piped.ended).stdout).toBe('{\n  "precision": 6\n}\n');
  const called = await ask('call configured config --json', token);
  expect(JSON.parse(called.stdout)).toMatchObject({ ok: true, value: { precision: 6 } });
  const got = await ask('config get configured', token);
  expect([got.stdout, got.stderr]).toEqual(['{\n  "precision": 6\n}\n', expect.stringMatching(/^ETag "\d+"\n$/)]);
});

test('a change by somebody else meanwhile is told and not written over, unless --force', async () => {
  const token = await newTenant('racer');
  await ask('enable configured --grant internet', token);
  const { stderr } = await ask('config get configured', token);
  const etag = stderr.trim().replace('ETag ', '');
  const slow = start(['config', 'set', 'configured', '-'], { ...as(token), stdin: 'pipe' });
  await expect.poll(slow.stderr, { timeout: 30_000 }).toContain('reading the configuration');
  await ask('config set configured precision=1', token);
  slow.child.stdin?.end('{"precision":9}');
  const told = expect.stringContaining('somebody else has changed the configuration of configured meanwhile');
  expect(await slow.ended).toMatchObject({ code: 24, stdout: '', stderr: told });
  const stale = ['config', 'set', 'configured', 'precision=9', '--etag', etag];
  expect(await verb(stale, token)).toMatchObject({ code: 24, stderr: told });
  expect((await ask('config get configured', token)).stdout).toContain('"precision": 1');
  expect(await verb([...stale, '--force'], token)).toMatchObject({ code: 0, stdout: '{\n  "precision": 9\n}\n' });
});

const VERBS: readonly string[] = [
  'plugins',
  'enable configured',
  'disable configured',
  'config get configured',
  'config set configured precision=1',
  'tenant create x',
  'tenant list',
  'tenant show x',
  'tenant update x --quota weight=2',
  'tenant delete x',
  'token create',
  'token list',
  'token revoke x',
  'install ./x',
  'offer x 1.0.0 --to everybody',
  'releases configured',
  'upgrade configured 2.0.0',
  'rollback configured',
  'logs configured',
  'logs configured --follow',
  'debug configured',
  'nodes',
];

test.each(VERBS)(
  '%s says where no server is, that there is no token, and that one is wrong or may not do it',
  async (line) => {
    const args = line.split(' ');
    const nowhere = await runHere([...args, '--server', 'http://127.0.0.1:1', '--token', PLATFORM]);
    expect(nowhere).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/no Bulkhead answers at http:\/\/127\.0\.0\.1:1 .+\n.+--server URL/),
    });
    const tokenless = await runHere([...args, '--server', served.ready.url, '--data', folder.path]);
    expect(tokenless).toMatchObject({ code: 2, stderr: expect.stringMatching(/there is no token\n.+BULKHEAD_TOKEN/) });
    expect(await ask(line, 'a-token-that-nobody-has-ever-issued')).toMatchObject({
      code: 14,
      stdout: '',
      stderr: expect.stringMatching(/\(AUTH_REQUIRED\)\n.*BULKHEAD_TOKEN/),
    });
    expect(await ask(line, await viewer())).toMatchObject({
      code: 14,
      stdout: '',
      stderr: expect.stringMatching(/the token has the role viewer; this needs .+\(ROLE_TOO_LOW\)/),
    });
  },
);

let viewerToken: Promise<string> | undefined;
function viewer(): Promise<string> {
  viewerToken ??= newTenant('looker', 'viewer');
  return viewerToken;
}

test.each(VERBS.filter((line) => line.includes('configured')))('%s says that a plugin is unknown', async (line) => {
  const unknown = await ask(line.replace('configured', 'ghost'));
  expect(unknown).toMatchObject({
    code: 25,
    stdout: '',
    stderr: expect.stringMatching(/Plugin 'ghost' .+ \(PLUGIN_NOT_FOUND\)\n`bulkhead plugins` lists/),
  });
});

test.each([
  [['config', 'set', 'configured', '{"precision":'], 'the configuration is not JSON'],
  [['config', 'set', 'configured', '[1]'], '"[1]" is no configuration'],
  [['config', 'set', 'configured', '@none.json'], 'names the file "none.json", which cannot be read (ENOENT)'],
  [['enable', 'configured', '--config', '7'], '--config is 7; expected a JSON object'],
  [['enable', 'configured', '--grant', 'flying'], '"flying" is no permission'],
  [['token', 'create', '--expires', 'soon'], '--expires is "soon"; expected a time'],
  [['tenant', 'update', 'default', '--quota', 'x'], 'Expected KEY=NUMBER'],
  [['plugins', '--server', 'ftp://x'], 'the server is "ftp://x"; expected a URL'],
  [['plugins', '--tenant', 'größe'], '--tenant is "größe", which no header can carry'],
])('%j is wrong usage, and says what was expected', async (args, text) => {
  const server = args.includes('--server') ? [] : ['--server', served.ready.url];
  const ended = await runHere([...args, ...server, '--token', PLATFORM]);
  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(text) });
});

test('what the server refuses is told with its code, and its kind is the exit code', async () => {
  const refused = await ask('config set configured precision=high');
  expect(refused).toMatchObject({
    code: 11,
    stderr: expect.stringContaining('"/precision" must be integer (CONFIG_INVALID)'),
  });
  expect(await ask('plugins --tenant nobody')).toMatchObject({
    code: 25,
    stderr: expect.stringContaining('TENANT_NOT_FOUND'),
  });
});

test('without BULKHEAD_TOKEN the token file of --data is used, and sent to this machine alone', async () => {
  const env = { BULKHEAD_TOKEN: '', BULKHEAD_SERVER: '' };
  await using elsewhere = await makeFolder();
  await writePlugin(elsewhere.path, { name: 'unused', main: MAIN });
  await writeFile(join(elsewhere.path, 'token'), `${PLATFORM}\n`);
  const args = ['plugins', '--server', served.ready.url, '--data', elsewhere.path];
  expect(await run(args, { cwd: folder.path, env })).toMatchObject({ code: 0 });
  const away = await run(['plugins', '--server', 'http://bulkhead.invalid'], { cwd: elsewhere.path, env });
  expect(away).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no token') });
});
