import { spawn } from 'node:child_process';
import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Outcome, PluginHealth } from '@bulkhead/protocol';
import {
  answering,
  makeFolder,
  REPOSITORY,
  run,
  serve,
  start,
  writePlugin,
  type Ended,
  type Served,
} from './cli-fixture.ts';

// A first start of the embedded database takes seconds, and many more on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const calculator = join(REPOSITORY, 'plugins/calculator');

async function answer(served: Served, tool: string, init: RequestInit = {}): Promise<Outcome> {
  const token = (await readFile(served.ready.token_file ?? '', 'utf8')).trim();
  const response = await fetch(`${served.ready.url}/v1/tools/${tool}/call`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{}',
    ...init,
  });
  return (await response.json()) as Outcome; // The tests look at what is inside.
}

test('with --json stdout is one ready line; the token is in a file that only its owner may read', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  await using served = await serve(['--plugins', join(REPOSITORY, 'plugins'), '--data', data]);
  expect(served.ready).toMatchObject({
    event: 'ready',
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    refused: [],
  });
  expect(served.ready.token_file).toBe(join(data, 'token'));
  expect((await stat(join(data, 'token'))).mode & 0o777).toBe(0o600);
  const plugins = (await (await fetch(`${served.ready.url}/v1/plugins`)).json()) as readonly PluginHealth[]; // Its schema.
  expect(plugins.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'calculator INITIALIZED',
    'evaluate INITIALIZED',
    'execute INITIALIZED',
    'greeter INITIALIZED',
    'llm_anthropic INITIALIZED',
    'llm_mock INITIALIZED',
    'llm_openai_compatible INITIALIZED',
    'llm_openrouter INITIALIZED',
    'memory_analyzer INITIALIZED',
    'patch_mutator INITIALIZED',
    'pattern_recognizer INITIALIZED',
    'render INITIALIZED',
    'system_diagnostics INITIALIZED',
    'text_tools INITIALIZED',
    'units INITIALIZED',
  ]);
  served.child.kill('SIGTERM');
  const { code, stdout } = await served.ended;
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  expect(code).toBe(0);
});

test('a folder that is refused is in the ready line and on the health plane, with its place and code', async () => {
  await using folder = await makeFolder();
  const plugins = join(folder.path, 'plugins');
  const dir = await writePlugin(plugins, { name: 'evil', main: "export default { tools: [] }; eval('1');" });
  await using served = await serve(['--plugins', plugins, '--data', join(folder.path, 'data')]);
  expect(served.ready.refused).toMatchObject([{ name: 'evil', path: dir, code: 'REVIEW_REFUSED' }]);
  const health = await fetch(`${served.ready.url}/v1/plugins/evil/health`);
  expect(await health.json()).toMatchObject({ state: 'FAILED', reason: expect.stringContaining('REVIEW_REFUSED') });
});

test('a folder that is not there holds no plugins', async () => {
  await using folder = await makeFolder();
  await using served = await serve(['--plugins', join(folder.path, 'none'), '--data', join(folder.path, 'data')]);
  expect(await (await fetch(`${served.ready.url}/v1/plugins`)).json()).toEqual([]);
  expect(served.stderr()).toContain('is not there');
});

test('for people it prints url, tier, plugins, token and a curl that works when pasted', async () => {
  await using folder = await makeFolder();
  const running = start(['serve', '--port', '0', '--plugins', calculator, '--data', 'data'], { cwd: folder.path });
  try {
    await expect.poll(() => running.stdout(), { timeout: 60_000 }).toContain('-d ');
    const screen = running.stdout();
    expect(screen).toMatch(/Bulkhead serves on http:\/\/127\.0\.0\.1:\d+/);
    expect(screen).toMatch(/sandbox {2}(process|uid|confined|jail)/);
    expect(screen).toContain('token    in data/token');
    expect(screen).toMatch(/calculator {2}1\.0\.0 {2}INITIALIZED/);
    const pasted = screen.slice(screen.lastIndexOf('  curl'));
    expect(JSON.parse(await shell(pasted, folder.path))).toMatchObject({ ok: true, call: { plugin: 'calculator' } });
  } finally {
    running.child.kill('SIGTERM');
    await running.ended;
  }
});

test('for people it says of a plugin that was not granted what it asks for how to grant it', async () => {
  await using folder = await makeFolder();
  const plugins = join(folder.path, 'plugins');
  for (const name of ['asking', 'given']) {
    const manifest = { required_permissions: ['threads', 'memory.read:calculator', 'math:calculate'] };
    await writePlugin(plugins, { name, main: 'export default { tools: [] };', manifest });
  }
  const grant = ['--grant', 'given=threads,memory.read:calculator'];
  const args = ['serve', '--port', '0', '--plugins', plugins, '--data', 'data', ...grant];
  const running = start(args, { cwd: folder.path });
  try {
    await expect.poll(() => running.stdout(), { timeout: 60_000 }).toContain('curl');
    const cure = 'not granted threads, memory.read:calculator: --grant asking=threads,memory.read:calculator';
    expect(running.stdout()).toMatch(new RegExp(`asking  1\\.0\\.0  INITIALIZED  ${cure}`));
    expect(running.stdout()).toMatch(/given {3}1\.0\.0 {2}INITIALIZED *\n/);
  } finally {
    running.child.kill('SIGTERM');
    await running.ended;
  }
});

async function shell(command: string, cwd: string): Promise<string> {
  const child = spawn('sh', ['-c', command], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
  const { promise, resolve } = Promise.withResolvers<string>();
  child.on('close', () => resolve(text));
  return promise;
}

test('the token of BULKHEAD_TOKEN is used and written nowhere; list, health and call ask the server', async () => {
  await using folder = await makeFolder();
  const env = { BULKHEAD_TOKEN: 'a-token-from-the-environment-of-32+' };
  const data = join(folder.path, 'data');
  const needy = join(REPOSITORY, 'examples/demo-plugins/needy');
  await using served = await serve(['--plugins', calculator, '--plugins', needy, '--data', data], { env });
  const { url } = served.ready;
  expect(served.ready.token_file).toBeNull();
  await expect(stat(join(data, 'token'))).rejects.toThrow('ENOENT');
  const called = await run(['call', 'calculator', 'add', '--params', '{"a":1,"b":1}', '--server', url, '--json'], {
    env,
  });
  expect(JSON.parse(called.stdout)).toMatchObject({ ok: true, value: { result: 2 } });
  expect(called.code).toBe(0);
  const list = await run(['list', '--server', url]);
  expect(list.stdout).toMatch(/^PLUGIN .+\ncalculator +1\.0\.0 +INITIALIZED {2}.+\nneedy .+UNAVAILABLE/);
  const health = await run(['health', '--server', url]);
  expect(health.stdout).toContain('install quantum-annealer');
  expect(health.code).toBe(1);
  const one = await run(['health', 'calculator', '--server', url, '--json']);
  expect(JSON.parse(one.stdout)).toMatchObject({ name: 'calculator', success_count: 1 });
  expect(one.code).toBe(0);
  expect((await run(['health', 'nothing', '--server', url])).code).toBe(25);
});

test('an instance that nobody calls ends after sandbox.idle_timeout_ms, and the next call starts one', async () => {
  await using folder = await makeFolder();
  const args = ['--plugins', calculator, '--data', join(folder.path, 'data'), '--grant', 'calculator=math:calculate'];
  await using served = await serve(args, { env: { BULKHEAD__SANDBOX__IDLE_TIMEOUT_MS: '300' } });
  const guests = async (): Promise<string> => {
    const metrics = await (await fetch(`${served.ready.url}/metrics`)).text();
    return [...metrics.matchAll(/^sandbox_guests\{state="(idle|busy)"\} \d+$/gm)].map(([line]) => line).join('\n');
  };
  const add = () => answer(served, 'calculator/add', { body: '{"params":{"a":2,"b":3}}' });
  const first = await add();
  expect(first).toMatchObject({ ok: true });
  await expect.poll(guests).not.toMatch(/[1-9]$/m);
  const next = await add();
  expect(next).toMatchObject({ ok: true });
  expect(next.call.instance_id).not.toBe(first.call.instance_id);
});

test('a plugin that asks for it serves all tenants with one instance once sandbox.shared names it', async () => {
  await using folder = await makeFolder();
  const plugins = join(folder.path, 'plugins');
  const tool = `{ name: 'who', description: 'Who.', parameters: { type: 'object' }, async execute(_, { tenantId }) { return tenantId; } }`;
  const main = `export default { tools: [${tool}] };`;
  await writePlugin(plugins, { name: 'pool', main, manifest: { sandbox: { scope: 'shared' } } });
  const args = ['--plugins', plugins, '--data', join(folder.path, 'data')];
  await using served = await serve(args, { env: { BULKHEAD__SANDBOX__SHARED: 'pool' } });
  expect(await answer(served, 'pool/who')).toMatchObject({ ok: true, value: 'default' });
  const debug = await run([
    'debug',
    'pool',
    '--server',
    served.ready.url,
    '--data',
    join(folder.path, 'data'),
    '--json',
  ]);
  expect(JSON.parse(debug.stdout)).toMatchObject({ instances: [{ scope: 'shared' }] });
});

test('the token in the data folder is kept from start to start, and found by call --data', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  const first = await serve(['--plugins', calculator, '--data', data]);
  const token = await readFile(join(data, 'token'), 'utf8');
  await first[Symbol.asyncDispose]();
  await using second = await serve(['--plugins', calculator, '--data', data]);
  expect(await readFile(join(data, 'token'), 'utf8')).toBe(token);
  const args = ['call', 'calculator', 'add', '--params', '{"a":1,"b":1}', '--server', second.ready.url, '--data', data];
  expect((await run(args)).stdout).toBe('{\n  "result": 2\n}\n');
});

const PATIENT = `let release;
const tool = (name, execute) => ({ name, description: name, parameters: { type: 'object' }, execute });
export default { tools: [
  tool('hold', () => new Promise((resolve) => { release = () => resolve('released'); })),
  tool('release', () => { setTimeout(() => release(), 300); return 'soon'; }),
] };`;

async function isRunning(served: Served, plugin: string): Promise<string> {
  const health = await fetch(`${served.ready.url}/v1/plugins/${plugin}/health`);
  return ((await health.json()) as PluginHealth).state; // Its schema.
}

test('SIGTERM lets the call in flight end, then exits 0', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'patient', main: PATIENT });
  const served = await serve(['--plugins', dir, '--data', join(folder.path, 'data')]);
  const held = answer(served, 'patient/hold');
  await expect.poll(() => isRunning(served, 'patient')).toBe('RUNNING');
  await answer(served, 'patient/release');
  served.child.kill('SIGTERM');
  expect(await held).toMatchObject({ ok: true, value: 'released' });
  expect((await served.ended).code).toBe(0);
});

test('a second signal ends it at once', async () => {
  await using folder = await makeFolder();
  const dir = await writePlugin(folder.path, { name: 'patient', main: PATIENT });
  const served = await serve(['--plugins', dir, '--data', join(folder.path, 'data')]);
  const held = answer(served, 'patient/hold').catch(() => 'lost');
  await expect.poll(() => isRunning(served, 'patient')).toBe('RUNNING');
  served.child.kill('SIGTERM');
  await expect.poll(() => served.stderr()).toContain('draining');
  served.child.kill('SIGTERM');
  expect((await served.ended).code).toBe(128 + 15);
  expect(await held).toBe('lost');
  await expectNextStartClears();
});

test('--watch reloads a plugin whose files change, installs a new one, and loses no call in flight', async () => {
  await using folder = await makeFolder();
  const plugins = join(folder.path, 'plugins');
  const dir = await writePlugin(plugins, { name: 'patient', main: PATIENT });
  await using served = await serve(['--plugins', plugins, '--data', join(folder.path, 'data'), '--watch']);
  await expect.poll(() => served.stderr()).toContain('watching plugin folders');
  const held = answer(served, 'patient/hold');
  await expect.poll(() => isRunning(served, 'patient')).toBe('RUNNING');
  const changed = PATIENT.replace("'soon'", "'changed'");
  await answer(served, 'patient/release');
  await writeFile(join(dir, 'main.js'), changed);
  // The author need not raise the version at each save: the content's digest tells the releases apart.
  const reloaded = /"version":"1\.0\.0\+[0-9a-f]+".*"plugin reloaded"/;
  await expect.poll(() => served.stderr(), { timeout: 10_000 }).toMatch(reloaded);
  expect(await held).toMatchObject({ ok: true, value: 'released', call: { version: '1.0.0' } });
  await writePlugin(plugins, { name: 'newcomer', main: answering(7) });
  await expect.poll(() => answer(served, 'newcomer/answer'), { timeout: 10_000 }).toMatchObject({ ok: true, value: 7 });
  await rm(join(plugins, 'newcomer'), { recursive: true });
  await expect
    .poll(() => answer(served, 'newcomer/answer'), { timeout: 10_000 })
    .toMatchObject({ error: { kind: 'disabled' } });
});

test('--watch keeps what runs when the change is refused, and takes the mended one', async () => {
  await using folder = await makeFolder();
  const plugins = join(folder.path, 'plugins');
  const dir = await writePlugin(plugins, { name: 'steady', main: answering(1) });
  await using served = await serve(['--plugins', plugins, '--data', join(folder.path, 'data'), '--watch']);
  await expect.poll(() => served.stderr()).toContain('watching plugin folders');
  await writeFile(join(dir, 'main.js'), `${answering(2)} eval('1');`);
  await expect.poll(() => served.stderr(), { timeout: 10_000 }).toContain('plugin not reloaded');
  expect(await answer(served, 'steady/answer')).toMatchObject({ value: 1 });
  await cp(
    await writePlugin(folder.path, { name: 'steady', main: answering(3), manifest: { version: '1.1.0' } }),
    dir,
    {
      recursive: true,
    },
  );
  await expect.poll(() => answer(served, 'steady/answer'), { timeout: 10_000 }).toMatchObject({ value: 3 });
});

/** Nobody closed the host; the next start on this machine finds and removes what it left. */
async function expectNextStartClears(): Promise<void> {
  expect((await run(['doctor', '--json'])).code).toBe(0);
}

async function refusedStart(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  await using folder = await makeFolder();
  return await run(['serve', '--port', '0', ...args], { cwd: folder.path, env });
}

test.each([
  ['a port that is none', ['--port', '99999'], {}, 'from 0 to 65535'],
  ['a tier that is none', ['--min-tier', 'fortress'], {}, 'process, uid, confined, jail'],
  ['a grant without a name', ['--grant', 'internet'], {}, 'NAME=PERMISSION'],
  ['a token of 31 characters', [], { BULKHEAD_TOKEN: 'x'.repeat(31) }, 'at least 32'],
  ['an unknown key in the environment', [], { BULKHEAD__SERVER__PROT: '1' }, 'Did you mean server.port?'],
  ['a wrong value in the environment', [], { BULKHEAD__SERVER__PORT: 'many' }, 'BULKHEAD__SERVER__PORT is "many"'],
  ['a file in place of a folder of plugins', ['--plugins', process.execPath], {}, 'is no folder'],
  ['a configuration file that is not there', ['--config', 'none.toml'], {}, 'none.toml cannot be read'],
] as const)('%s is wrong usage: exit code 2 and what was expected', async (_what, args, env, said) => {
  const { code, stderr } = await refusedStart(args, env);
  expect(stderr).toContain(said);
  expect(code).toBe(2);
});

test('a data folder that another server holds is refused with exit code 1', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  await using first = await serve(['--data', data]);
  const { code, stderr } = await run(['serve', '--port', '0', '--data', data]);
  expect(code).toBe(1);
  expect(stderr).toContain('DATA_LOCKED');
  expect((await fetch(`${first.ready.url}/healthz`)).status).toBe(200);
});

test.each([process.execPath, '/proc/self/bulkhead'])(
  'a data folder that cannot be, %s, is refused with exit code 1, its name and what to do',
  async (data) => {
    const { code, stderr } = await run(['serve', '--port', '0', '--data', data]);
    expect(stderr).toContain(`"${data}" cannot be the data directory`);
    expect(stderr).toContain('--data');
    expect(code).toBe(1);
  },
);

test('a port that is taken is refused with exit code 1', async () => {
  await using folder = await makeFolder();
  await using first = await serve(['--data', join(folder.path, 'one')]);
  const { port } = new URL(first.ready.url);
  const { code, stderr } = await run(['serve', '--port', port, '--data', join(folder.path, 'two')]);
  expect(code).toBe(1);
  expect(stderr).toContain('PORT_UNAVAILABLE');
});

/** Says that Node is old to the first process only. */
const OLD_NODE =
  "--import=data:text/javascript,if(!process.env.BULKHEAD_PARENT_FD)Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.0.0'}})";

test('when the first process of an old Node is killed, the second ends, too', async () => {
  await using folder = await makeFolder();
  const served = await serve(['--data', join(folder.path, 'data')], { nodeArgs: [OLD_NODE] });
  served.child.kill('SIGKILL');
  await served.ended;
  const alive = () =>
    fetch(`${served.ready.url}/healthz`).then(
      () => true,
      () => false,
    );
  await expect.poll(alive).toBe(false);
  await expectNextStartClears();
});

test('a signal to the first process of an old Node reaches the second, and so does its exit code', async () => {
  await using folder = await makeFolder();
  const served = await serve(['--data', join(folder.path, 'data')], { nodeArgs: [OLD_NODE] });
  served.child.kill('SIGTERM');
  expect((await served.ended).code).toBe(0);
});
