import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  makeFolder,
  run,
  serve,
  start,
  verbsOf,
  writePlugin,
  type Ended,
  type Folder,
  type Served,
} from './cli-fixture.ts';

// A first start of the embedded database takes seconds, and many more on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const PLATFORM = 'a-platform-token-that-is-long-enough';
const MAIN = `export default { tools: [
  { name: 'say', description: 'Says it.', parameters: { type: 'object' }, execute: ({ text }, context) => {
    context.logger.warn('logged ' + text, { about: text });
    console.log('printed \\u001b[31m' + text);
    return {};
  } },
  { name: 'fail', description: 'Throws.', parameters: { type: 'object' }, execute: () => { throw new Error('no such city'); } },
] };`;
const env = { BULKHEAD_TOKEN: PLATFORM };

let folder: Folder;
let served: Served;
let ask: (line: string, token?: string) => Promise<Ended>;
let acme: string;
beforeAll(async () => {
  folder = await makeFolder();
  await writePlugin(plugins(), { name: 'talker', main: MAIN });
  served = await serve(['--plugins', plugins(), '--data', data()], { env });
  ask = verbsOf(served.ready.url, PLATFORM);
  await ask('tenant create acme');
  acme = (await ask('token create --tenant acme --role admin --quiet')).stdout.trim();
  await ask('enable talker', acme);
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const plugins = (): string => join(folder.path, 'plugins');
const data = (): string => join(folder.path, 'data');

async function say(text: string): Promise<void> {
  const called = await ask(`call talker say --params {"text":"${text}"}`, acme);
  expect(called.code).toBe(0);
}

test('logs prints the lines of the tenant alone, clean, with what went wrong and where', async () => {
  await say('hello');
  await ask('call talker fail', acme);
  await expect.poll(async () => (await ask('logs talker', acme)).stdout).toMatch(/no such city/);
  const { stdout, stderr, code } = await ask('logs talker', acme);
  expect([stderr, code]).toEqual(['', 0]);
  expect(stdout).toMatch(/^\d{4}-\S+Z logger logged hello {2}\{"about":"hello"\}$/m);
  expect(stdout).toMatch(/^\d{4}-\S+Z stdout printed hello$/m);
  expect(stdout).toMatch(/^\d{4}-\S+Z host .*no such city {2}\{"code":"PLUGIN_THREW"\} {2}call \S+\n +at .*main\.js/m);
  expect(stdout).toMatch(/ state {2}\S+ -> FAILED: /);
  const [line = ''] = (await ask('logs talker --limit 1 --json', acme)).stdout.trimEnd().split('\n');
  expect(JSON.parse(line)).toMatchObject({
    cursor: expect.stringMatching(/^[0-9a-f]{8}\.\d+$/),
    source: expect.any(String),
  });
  expect((await ask('logs talker')).stdout).not.toContain('hello');
  expect((await ask('logs talker --tenant acme')).stdout).toContain('printed hello');
  expect(await ask('logs talker --limit 0')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('from 1 to 1000'),
  });
});

test('logs --follow prints lines as they come, and goes on with a server that was started again', async () => {
  const following = start(['logs', 'talker', '--follow', '--server', served.ready.url, '--token', acme], { env });
  try {
    await say('first');
    await expect.poll(following.stdout, { timeout: 30_000 }).toContain('printed first');
    served.child.kill('SIGTERM');
    expect((await served.ended).code).toBe(0);
    await expect.poll(following.stderr).toContain('connecting again');
    const { port } = new URL(served.ready.url);
    served = await serve(['--plugins', plugins(), '--data', data(), '--port', port], { env });
    await expect.poll(following.stderr, { timeout: 30_000 }).toContain('no longer kept');
    await say('second');
    await expect.poll(following.stdout, { timeout: 30_000 }).toContain('printed second');
    expect(following.stdout().match(/printed first/g)).toHaveLength(1);
  } finally {
    following.child.kill('SIGTERM');
    await following.ended;
  }
});

test('a follower whose token is revoked ends with the refusal, and one of an unknown plugin never begins', async () => {
  const token = (await ask('token create --tenant acme --role admin --json')).stdout;
  const { id, token: text } = JSON.parse(token) as { readonly id: string; readonly token: string }; // Its schema.
  const following = start(['logs', 'talker', '-f', '--server', served.ready.url, '--token', text], { env });
  await expect.poll(following.stdout, { timeout: 30_000 }).toContain('INITIALIZED');
  await ask(`token revoke ${id}`);
  served.child.kill('SIGTERM');
  await served.ended;
  served = await serve(['--plugins', plugins(), '--data', data(), '--port', new URL(served.ready.url).port], { env });
  expect(await following.ended).toMatchObject({ code: 14, stderr: expect.stringContaining('AUTH_REQUIRED') });
  expect(await ask('logs ghost --follow')).toMatchObject({
    code: 25,
    stderr: expect.stringContaining("Plugin 'ghost'"),
  });
});

test('install stores a release of a folder, and says what a refused one is refused for, with file and line', async () => {
  const dir = await writePlugin(folder.path, { name: 'installed', main: MAIN });
  expect((await ask(`install ${dir}`)).stdout).toMatch(
    /^PLUGIN +VERSION +STATE +REASON\ninstalled +1\.0\.0 +INITIALIZED\n$/,
  );
  expect(await ask('enable installed', acme)).toMatchObject({ code: 25 });
  expect((await ask('offer installed 1.0.0 --to acme')).stdout).toMatch(
    /^installed 1\.0\.0 is seen by [0-9a-f-]{36}\n$/,
  );
  expect((await ask('enable installed', acme)).stdout).toMatch(/installed +1\.0\.0 +enabled/);
  expect((await ask('offer installed 1.0.0 --to everybody')).stdout).toBe('installed 1.0.0 is seen by everybody\n');
  expect(await ask('offer installed 1.0.0 --to ghost')).toMatchObject({
    code: 25,
    stderr: expect.stringContaining('TENANT_NOT_FOUND'),
  });
  const evil = await writePlugin(folder.path, { name: 'evil', main: "export default { tools: [] };\neval('1');" });
  expect(await ask(`install ${evil}`)).toMatchObject({
    code: 11,
    stdout: '',
    stderr: expect.stringMatching(/\(REVIEW_REFUSED\)\n {2}main\.js:2 {2}error {2}\S+ {2}.+\n/),
  });
  expect(await ask(`install ${dir}`, acme)).toMatchObject({
    code: 14,
    stderr: expect.stringContaining('ROLE_TOO_LOW'),
  });
  expect(await ask(`install ${join(folder.path, 'nowhere')}`)).toMatchObject({
    code: 11,
    stderr: expect.stringContaining('('),
  });
});

test('a tenant moves to a release after it has seen and consented to what differs, and back', async () => {
  const permissions = { required_permissions: ['internet'], optional_permissions: ['events'] };
  const needs = { version: '2.0.0', ...permissions, limits: { memory_mb: 128 } };
  await writePlugin(plugins(), { name: 'talker', main: MAIN, manifest: needs });
  const reload = { method: 'POST', headers: { authorization: `Bearer ${PLATFORM}` } };
  expect((await fetch(`${served.ready.url}/api/v1/plugins/talker/reload`, reload)).status).toBe(200);
  expect((await ask('releases talker', acme)).stdout).toMatch(
    /^RELEASE +SEEN BY +PERMISSIONS .+\n2\.0\.0 +public +internet \[events\] .+\n1\.0\.0 \* +public +- /,
  );
  const compared = await ask('releases talker 2.0.0', acme);
  expect(compared.stdout).toMatch(
    /^1\.0\.0 -> 2\.0\.0\n {2}\+ permission internet\n {2}\+ optional permission events\n {2}~ limit memory_mb: 512 -> 128\n/,
  );
  expect(compared.stderr).toContain('waits for consent to events, internet');
  const refused = await ask('upgrade talker 2.0.0', acme);
  expect(refused).toMatchObject({ code: 24, stdout: '', stderr: expect.stringContaining('(CAPABILITY_CHANGE)') });
  expect(refused.stderr).toMatch(/\+ permission internet\n[^]*Consent with --grant events,internet, or with less\./);
  expect((await ask('upgrade talker 2.0.0 --grant none', acme)).stdout).toMatch(/talker +2\.0\.0 +enabled +- /);
  expect((await ask('rollback talker', acme)).stdout).toMatch(/talker +1\.0\.0 +enabled/);
  const moved = await ask('upgrade talker 2.0.0 --grant internet --gate trial --json', acme);
  expect(JSON.parse(moved.stdout)).toMatchObject({ plugin_version: '2.0.0', granted_permissions: ['internet'] });
  const granted = await ask('enable talker --grant internet', acme);
  expect(granted.stderr).toMatch(
    /^it can do without events, which is not granted\nGrant it with: .+ --grant internet,events\n$/,
  );
  expect((await ask('plugins', acme)).stdout).toMatch(/talker .+ internet \[events\] /);
  expect((await ask('releases talker', acme)).stdout).toMatch(
    /\n\nWHEN .+\n\S+ +upgrade +1\.0\.0 -> 2\.0\.0 +token \S+/,
  );
  expect(await ask('upgrade talker 9.9.9', acme)).toMatchObject({ code: 25, stderr: expect.stringContaining('9.9.9') });
});

test('debug shows instances, what they use, the last errors and the last calls; processes to the platform alone', async () => {
  await ask('call talker fail', acme);
  const head = /\n {2}INSTANCE +PID +STATE +SCOPE +RELEASE +TIER +UP +CALLS +MEMORY +PEAK +CPU +THREADS +FILES\n/;
  await expect
    .poll(async () => (await ask('debug talker', acme)).stdout)
    .toMatch(/last calls\n[^]*fail +tool_error +PLUGIN_THREW/);
  const { stdout, stderr } = await ask('debug talker', acme);
  expect(stderr).toBe('');
  expect(stdout).toMatch(
    /^talker for \S+ {2}FAILED {2}\d+ ok, \d+ failed {2}breaker closed {2}0 waiting\n {2}.*no such city/,
  );
  expect(stdout).toMatch(head);
  expect(stdout).toMatch(/\n {2}\S+ +- +serving +tenant +[12]\.0\.0 /);
  expect(stdout).toMatch(/\n {2}\S+ host .*no such city/);
  expect((await ask('debug talker --tenant acme')).stdout).toMatch(/\n {2}\S+ +\d+ +serving /);
  expect(JSON.parse((await ask('debug talker --json', acme)).stdout)).toMatchObject({ plugin: 'talker' });
});

test('nodes lists the servers of the storage, with the one that answers and the plugins that are not well there', async () => {
  await ask('call talker fail', acme);
  const plugins = async () => (await ask('nodes')).stdout;
  await expect
    .poll(plugins)
    .toMatch(
      /^NODE +HOST +STATE +VERSION +TIER +PLUGINS +SEEN\n\S+ \* +\S+ +ready +\S+ +(process|uid|confined|jail) +\d well, ill: talker {2}/,
    );
  await say('mended');
  await expect.poll(plugins).toMatch(/ \d well +\d{4}-/);
  expect(JSON.parse((await ask('nodes --json')).stdout)).toMatchObject([{ is_self: true }]);
});

test('the environment says which server is asked, and with which token', async () => {
  const surroundings = { cwd: folder.path, env: { BULKHEAD_SERVER: served.ready.url, BULKHEAD_TOKEN: acme } };
  expect(await run(['plugins'], surroundings)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^PLUGIN /) });
});

test('a rollout is begun, looked at and ended, and says how far it is and whom it left out', async () => {
  const dir = await writePlugin(folder.path, { name: 'rolling', main: MAIN });
  await ask(`install ${dir}`);
  await ask('offer rolling 1.0.0 --to everybody');
  await ask('enable rolling', acme);
  const manifest = { version: '1.1.0', required_permissions: ['internet'] };
  await ask(`install ${await writePlugin(folder.path, { name: 'rolling', main: MAIN, manifest })}`);
  expect(await ask('rollout show rolling')).toMatchObject({
    code: 25,
    stderr: expect.stringContaining('ROLLOUT_NOT_FOUND'),
  });
  expect(await ask('rollout start rolling 1.1.0 --steps 2')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('shares above 0'),
  });
  const begun = await ask('rollout start rolling 1.1.0 --steps 0.999999,1 --wait-ms 600000');
  expect(begun.stdout).toMatch(/^PLUGIN +RELEASE +STATE +STEPS +MOVED +WHY\nrolling +1\.1\.0 +running +\d of 2 /);
  await expect
    .poll(async () => (await ask('rollout show rolling')).stdout)
    .toMatch(/rolling +1\.1\.0 +running +1 of 2 +100 %/);
  expect((await ask('rollout show rolling')).stderr).toMatch(/left out: \S+ {2}CAPABILITY_CHANGE/);
  expect(await ask('rollout start rolling 1.1.0')).toMatchObject({
    stderr: expect.stringContaining('ROLLOUT_RUNNING'),
  });
  const ended = await ask('rollout cancel rolling --json');
  expect(JSON.parse(ended.stdout)).toMatchObject({ state: 'cancelled', steps_done: 1 });
  expect(await ask('rollout start rolling 1.1.0', acme)).toMatchObject({
    code: 14,
    stderr: expect.stringContaining('ROLE_TOO_LOW'),
  });
});

test('reload reads the folder for the platform, and starts a tenant’s own instances afresh; uninstall takes it from all', async () => {
  const dir = await writePlugin(plugins(), { name: 'going', main: MAIN });
  await ask(`install ${dir}`);
  await ask('offer going 1.0.0 --to everybody');
  await ask('enable going', acme);
  expect((await ask('reload going', acme)).stdout).toMatch(/^PLUGIN +VERSION +STATE +REASON\ngoing +1\.0\.0 +LOADED/);
  expect((await ask('reload going')).stdout).toMatch(/going +1\.0\.0 +INITIALIZED/);
  expect(await ask('uninstall going', acme)).toMatchObject({ code: 14 });
  expect(await ask('uninstall going')).toMatchObject({ code: 0, stderr: 'uninstalled going\n' });
  expect((await ask('plugins', acme)).stdout).not.toContain('going');
  expect(await ask('uninstall going')).toMatchObject({ code: 25, stderr: expect.stringContaining("Plugin 'going'") });
});
