import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import { getRegistry } from './registry/registry.ts';

let host: Host;
let folders: PluginFolders;

beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost();
});

afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

const ANSWER = toolsSource({ answer: 'return 42;' });

test('a plugin that says more of itself than 4 MiB is FAILED, and the reason names size, bound, culprit and cure', async () => {
  const code = `const parameters = (bytes: number) => ({ type: 'object', title: 'x'.repeat(bytes) });
    const tool = (name: string, bytes: number) => ({ name, description: name, parameters: parameters(bytes), execute: () => 1 });
    export default { tools: [tool('giant', 60_000), ...Array.from({ length: 99 }, (_, at) => tool('tool_' + at, 45_000))] };`;
  const { state, reason } = await host.install(await folders.write('talkative', code));
  expect(state).toBe('FAILED');
  expect(reason).toMatch(/^INIT_FAILED: .*has 45\d{5} bytes of JSON; at most 4194304 are taken/);
  expect(reason).toContain('the largest of its 100 tools is "giant"');
  expect(reason).toContain('Offer fewer tools, or shorten their descriptions and schemas');
  const outcome = await host.call({ plugin: 'talkative', tool: 'giant' });
  expect(outcome).toMatchObject({ error: { code: 'INIT_FAILED', message: expect.stringContaining('4194304') } });
});

test('a host that never ran a plugin has started no guest for one', async () => {
  await using fresh = await openTestHost();
  expect(await fresh.metrics()).not.toContain('sandbox_start_seconds_count');
});

test('a folder becomes a release that has been tried [F001-16][F003-18]', async () => {
  const release = await host.install(await folders.write('good', ANSWER));
  expect(release).toMatchObject({ name: 'good', version: '1.0.0', state: 'INITIALIZED', findings: [] });
  expect(host.health('good')).toMatchObject({ name: 'good', state: 'INITIALIZED', success_count: 0, error_count: 0 });
});

test('the registry of the only host in the process is found without it [X001-9][F003-13]', () => {
  expect(getRegistry()).toBe(host.registry);
});

test.each([
  ['throws at import', "throw new Error('no weights in this build');", 'LOAD_FAILED', /no weights in this build/],
  [
    'throws in onLoad',
    "export default { tools: [], onLoad() { throw new Error('the port is taken'); } };",
    'INIT_FAILED',
    /the port is taken/,
  ],
  ['exits while it loads', 'process.exit(0);', 'INIT_EXITED', /exit code 0 before it was ready/],
  ['never settles', 'await new Promise(() => {});', 'INIT_EXITED', /waits for nothing/],
])(
  'a plugin that %s is FAILED, says why, and the server lives [F001-34][F001-35][decision 4]',
  async (how, code, expected, reason) => {
    const name = `p-${how.replaceAll(/[^a-z]+/gi, '-').toLowerCase()}`;
    const release = await host.install(await folders.write(name, code));
    expect(release).toMatchObject({ state: 'FAILED' });
    expect(release.reason).toMatch(new RegExp(`^${expected}: `));
    expect(release.reason).toMatch(reason);
    expect(await host.call({ plugin: name, tool: 'any' })).toMatchObject({ ok: false, error: { code: expected } });
    expect(await host.call({ plugin: 'good', tool: 'answer' })).toMatchObject({ ok: true, value: 42 });
  },
);

test('what is missing makes a plugin UNAVAILABLE, and the reason ends with the cure [F001-28][F001-29][decision 4]', async () => {
  const dir = await folders.write('needs', "import { z } from 'zod'; export default z;");
  const release = await host.install(dir);
  expect(release).toMatchObject({ state: 'UNAVAILABLE', digest: undefined });
  expect(release.reason).toMatch(/npm install --prefix \S*needs zod$/);
  expect(await host.call({ plugin: 'needs', tool: 'any' })).toMatchObject({
    ok: false,
    error: { kind: 'unavailable', code: 'PLUGIN_UNAVAILABLE', retryable: false },
  });
  expect(host.health('needs')).toMatchObject({ state: 'UNAVAILABLE', error_count: 0 });
});

test('what the review refuses is listed with its code and never runs [F003-27][F001-30]', async () => {
  const dir = await folders.write('reads', "import fs from 'node:fs'; export default { tools: [], fs };");
  await expect(host.install(dir)).rejects.toMatchObject({
    code: 'REVIEW_REFUSED',
    message: 'main.ts:1: Forbidden import: fs',
  });
  expect(host.refused()).toContainEqual(expect.objectContaining({ name: 'reads', path: dir, code: 'REVIEW_REFUSED' }));
  expect(host.health('reads')).toMatchObject({
    state: 'FAILED',
    reason: expect.stringMatching(/^REVIEW_REFUSED: /) as string,
  });
  expect(await host.call({ plugin: 'reads', tool: 'any' })).toMatchObject({
    ok: false,
    error: { code: 'PLUGIN_REFUSED' },
  });
});

test('all findings of a bad manifest are told at once', async () => {
  const dir = await folders.write('bad-manifest', ANSWER, { version: '1.0', authr: 'x', limits: { timeout_ms: 0 } });
  await expect(host.install(dir)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  const findings = await host.install(dir).catch((error: { findings: { path: string }[] }) => error.findings);
  expect((findings as { path: string }[]).map((finding) => finding.path).toSorted()).toEqual([
    'plugin.json#/authr',
    'plugin.json#/limits/timeout_ms',
    'plugin.json#/version',
  ]);
});

test('of two folders with one name the first stays and the second names both places [decision 6]', async () => {
  const second = await folders.write('other-folder', ANSWER, { name: 'good' });
  await expect(host.install(second)).rejects.toMatchObject({
    code: 'PLUGIN_NAME_TAKEN',
    message: expect.stringContaining(second) as string,
  });
  expect(await host.call({ plugin: 'good', tool: 'answer' })).toMatchObject({ ok: true, value: 42 });
  expect(host.refused()).toContainEqual(
    expect.objectContaining({ name: 'good', path: second, code: 'PLUGIN_NAME_TAKEN' }),
  );
});

test('a plugin that asks for more than this machine’s sandbox is UNAVAILABLE', async () => {
  const release = await host.install(await folders.write('careful', ANSWER, { sandbox: { min_tier: 'jail' } }));
  expect(release).toMatchObject({
    state: 'UNAVAILABLE',
    reason: expect.stringMatching(/^SANDBOX_TOO_WEAK: /) as string,
  });
  expect(await host.call({ plugin: 'careful', tool: 'answer' })).toMatchObject({
    ok: false,
    error: { kind: 'unavailable', code: 'SANDBOX_TOO_WEAK' },
  });
});

test('a host capability that was not granted is denied, and the registration stays', async () => {
  await host.install(await folders.write('online', ANSWER, { required_permissions: ['internet'] }));
  expect(await host.call({ plugin: 'online', tool: 'answer' })).toMatchObject({
    ok: false,
    error: { kind: 'denied', code: 'PERMISSION_NOT_GRANTED' },
  });
  expect(host.health('online')).toMatchObject({ state: 'INITIALIZED', error_count: 0 });
});

test('a scope that the caller lacks is denied; a caller without a list has all', async () => {
  await host.install(await folders.write('scoped', ANSWER, { required_permissions: ['math:calculate'] }));
  const request = { plugin: 'scoped', tool: 'answer' };
  expect(await host.call({ ...request, scopes: ['math:other'] })).toMatchObject({
    ok: false,
    error: { code: 'SCOPE_MISSING' },
  });
  expect(await host.call({ ...request, scopes: ['math:calculate'] })).toMatchObject({ ok: true });
  expect(await host.call(request)).toMatchObject({ ok: true });
});

test('a plugin that says how it is is shown with that word [F004-12]', async () => {
  const healthy = "healthCheck: () => ({ status: 'warning', message: 'half full', metrics: {} })";
  await host.install(await folders.write('feels', `export default { tools: [], ${healthy} };`));
  expect(host.health('feels')).toMatchObject({ health: 'warning' });
});

test('a reload takes the new content, and calls in flight end on the old', async () => {
  const source = (word: string): string =>
    toolsSource({ say: `await new Promise((resolve) => setTimeout(resolve, params.ms ?? 0)); return '${word}';` });
  const dir = await folders.write('changing', source('old'));
  await host.install(dir);
  await host.call({ plugin: 'changing', tool: 'say' });
  const inFlight = host.call({ plugin: 'changing', tool: 'say', params: { ms: 300 } });
  await writeFile(join(dir, 'main.ts'), source('new'));
  const release = await host.reload('changing');
  expect(release.version).toMatch(/^1\.0\.0\+[0-9a-f]{12}$/);
  expect(await host.call({ plugin: 'changing', tool: 'say' })).toMatchObject({ ok: true, value: 'new' });
  expect(await inFlight).toMatchObject({ ok: true, value: 'old' });
});

test('a reload that fails leaves the release that runs', async () => {
  const dir = await folders.write('steady', ANSWER);
  await host.install(dir);
  await writeFile(join(dir, 'main.ts'), "throw new Error('broken while editing');");
  await host.reload('steady');
  expect(await host.call({ plugin: 'steady', tool: 'answer' })).toMatchObject({ ok: true, value: 42 });
  await writeFile(join(dir, 'main.ts'), "import fs from 'node:fs'; export default fs;");
  await expect(host.reload('steady')).rejects.toMatchObject({ code: 'REVIEW_REFUSED' });
  expect(await host.call({ plugin: 'steady', tool: 'answer' })).toMatchObject({ ok: true, value: 42 });
});

test('what is uninstalled is gone', async () => {
  await host.install(await folders.write('leaves', ANSWER));
  await host.uninstall('leaves');
  expect(host.health('leaves')).toBeUndefined();
  expect(await host.call({ plugin: 'leaves', tool: 'answer' })).toMatchObject({
    ok: false,
    error: { code: 'PLUGIN_NOT_FOUND' },
  });
});

test('a folder of folders is installed in order of dependencies, bad ones are listed, and the audit holds [X001-8][X003-5]', async () => {
  await using many = await createPluginFolders();
  await many.write('a-needs-b', ANSWER, { dependencies: ['b-base>=1.0.0'] });
  await many.write('b-base', ANSWER);
  await many.write('needs-ghost', ANSWER, { dependencies: ['ghost>=1.0.0'] });
  await many.write('refused', "import 'node:child_process'; export default {};");
  await writeFile(join(many.root, 'not-a-plugin.txt'), 'x');
  await using other = await openTestHost({ isStrict: true });
  const { installed, refused } = await other.installAll(many.root);
  expect(installed.map((release) => release.name)).toEqual(['b-base', 'a-needs-b']);
  expect(refused.map((refusal) => [refusal.name, refusal.code])).toEqual([['refused', 'REVIEW_REFUSED']]);
  expect(other.health('needs-ghost')).toMatchObject({
    state: 'UNAVAILABLE',
    reason: expect.stringContaining('ghost') as string,
  });
  expect(await other.installAll(join(many.root, 'nowhere'))).toMatchObject({ installed: [] });
});

test('a data directory keeps artifacts by digest and is held by one host at a time', async () => {
  await using place = await createPluginFolders();
  const dataDir = join(place.root, 'data');
  {
    await using first = await openTestHost({ dataDir });
    await expect(openTestHost({ dataDir })).rejects.toMatchObject({ code: 'DATA_LOCKED' });
    const release = await first.install(await place.write('kept', ANSWER));
    expect(await readdir(join(dataDir, 'artifacts'), { recursive: true })).toContainEqual(
      expect.stringContaining(release.digest ?? 'no digest'),
    );
  }
  await using again = await openTestHost({ dataDir });
  expect(again.receipt.tier).toBe('process');
});

test('[FAULTS-114] a plugin that could not be stored is refused for now, until it is installed again', async () => {
  await using place = await createPluginFolders();
  const dataDir = join(place.root, 'data');
  await using other = await openTestHost({ dataDir });
  const temp = join(dataDir, 'artifacts', 'v1', 'temp');
  await rmdir(temp);
  await writeFile(temp, 'no folder');
  const dir = await place.write('unstored', ANSWER);
  await expect(other.install(dir)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  expect(other.refused()).toMatchObject([
    { name: 'unstored', code: 'STORAGE_UNAVAILABLE', reason: expect.stringContaining('temporary: Look at the data') },
  ]);
  await rm(temp);
  await mkdir(temp);
  expect(await other.install(dir)).toMatchObject({ state: 'INITIALIZED' });
  expect(other.refused()).toEqual([]);
});

test('a sandbox weaker than the operator asks refuses to start', async () => {
  await expect(openTestHost({ minTier: 'jail' })).rejects.toMatchObject({ code: 'SANDBOX_TOO_WEAK' });
});

test('a reload is for whom the folder was installed, with what was granted, and for nobody else', async () => {
  await using other = await openTestHost();
  const code = toolsSource({ answer: 'return 42;' });
  const dir = await folders.write('private', code, { required_permissions: ['internet'] });
  await other.install(dir, { tenant: 'acme', grant: ['internet'] });
  await other.reload('private');
  const call = { plugin: 'private', tool: 'answer' };
  expect(await other.call({ ...call, tenant: 'acme' })).toMatchObject({ ok: true, value: 42 });
  expect(await other.call({ ...call, tenant: 'other' })).toMatchObject({ error: { code: 'PLUGIN_NOT_FOUND' } });
});

test('a release that one tenant has left goes on for those who run it: by their own registration, or by that for all', async () => {
  await using other = await openTestHost();
  const install = async (version: string, tenant?: string): Promise<void> => {
    const dir = await folders.write('shared', toolsSource({ version: `return '${version}';` }), { version });
    await other.install(dir, tenant === undefined ? {} : { tenant });
  };
  const versionOf = async (tenant: string): Promise<unknown> => {
    const outcome = await other.call({ plugin: 'shared', tool: 'version', tenant });
    return outcome.ok ? outcome.value : outcome.error.code;
  };
  await install('1.0.0');
  await install('1.0.0', 'acme');
  await install('2.0.0', 'acme');
  expect([await versionOf('acme'), await versionOf('other')]).toEqual(['2.0.0', '1.0.0']);
  await install('2.0.0', 'stays');
  await install('3.0.0', 'acme');
  expect([await versionOf('acme'), await versionOf('stays'), await versionOf('other')]).toEqual([
    '3.0.0',
    '2.0.0',
    '1.0.0',
  ]);
});

test('a plugin that is taken out and installed again at once is installed, though its bundle takes a while', async () => {
  const lines = Array.from({ length: 8_000 }, (_, n) => `table[${n}] = (a: number) => { return a + ${n}; };`);
  const folder = await folders.write('again', `const table: unknown[] = [];\n${lines.join('\n')}\n${ANSWER}`);
  await host.install(folder);
  for (let round = 1; round <= 3; round += 1) {
    await host.uninstall('again');
    const { state, reason } = await host.install(folder);
    expect({ state, reason }).toEqual({ state: 'INITIALIZED', reason: undefined });
  }
  expect(host.plugins().map(({ name }) => name)).toContain('again');
});
