import { appendFile, cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { makeFolder, REPOSITORY, run, serve, type Ended } from './cli-fixture.ts';

// Processes that start hosts and a database, on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const BROKEN = join(REPOSITORY, 'fixtures/broken');
const ON = { BULKHEAD__REPAIR__ENABLED: 'true', BULKHEAD__SANDBOX__UNTRUSTED_MIN_TIER: 'process' };

/** Runs `repair` of a broken plugin's folder, with its calls and answers. */
function repairOf(name: string, cwd: string, ...more: readonly string[]): Promise<Ended> {
  const calls = ['--calls', join(BROKEN, `${name}.calls.jsonl`)];
  const backend = ['--backend', `scripted:${join(BROKEN, `${name}.answers.json`)}`];
  return run(['repair', join(BROKEN, name), ...calls, ...backend, ...more], { cwd, env: ON });
}

test('repairs are off until the operator says so, and the verb says what they do', async () => {
  await using folder = await makeFolder();
  const { code, stdout, stderr } = await run(['repair', BROKEN, '--backend', 'echo'], { cwd: folder.path });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('repairs are off: `repair.enabled` is false');
  expect(stderr).toContain('nothing is applied by itself');
});

test('a folder is mended, the flip is named, and the proposal is listed and shown; the plugin is as it was', async () => {
  await using folder = await makeFolder();
  const before = await readFile(join(BROKEN, 'missing_null_check/label.ts'), 'utf8');
  const { code, stdout, stderr } = await repairOf('missing_null_check', folder.path);
  expect(code).toBe(0);
  expect(stdout).toContain('+  if (address === null || address === undefined) return name;');
  expect(stderr).toContain('5 calls fail, 4 are as they should be, 0 could not be judged');
  expect(stderr).toMatch(/patch 2 of label\.ts: refused \(flip\), it flips label \{"address"/);
  expect(stderr).toContain('Next: bulkhead repair accept');
  const listed = await run(['repair', 'list', '--json'], { cwd: folder.path });
  expect(JSON.parse(listed.stdout)).toMatchObject({
    proposals: [{ name: 'missing_null_check-1', state: 'waiting', proposal: { verdict: 'adopt' } }],
  });
  const shown = await run(['repair', 'show', 'missing_null_check-1'], { cwd: folder.path });
  expect(shown).toMatchObject({ code: 0, stdout });
  expect(await readFile(join(BROKEN, 'missing_null_check/label.ts'), 'utf8')).toBe(before);
  expect((await readdir(join(folder.path, '.bulkhead'))).toSorted()).toEqual(['repair.key', 'repairs']);
});

test('where no patch is proved it ends with 1, says why, and leaves nothing', async () => {
  await using folder = await makeFolder();
  const ended = await repairOf('wrong_unit', folder.path, '--evaluations', '2', '--json');
  expect(ended.code).toBe(1);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    outcome: 'none',
    why: 'none of 2 patches was proved',
    candidates: [{ at: 'failing' }, { at: 'flip' }],
  });
  expect(await readdir(folder.path)).toEqual([]);
});

test.each([
  [['--backend', 'gpt'], 'the backend is "gpt"'],
  [[], 'there is no --backend'],
  [['--backend', 'echo', '--calls', '/nowhere'], '/nowhere cannot be read'],
  [['--backend', 'echo', '--calls', join(BROKEN, 'off_by_one.answers.json')], 'line 1 of'],
])('what is typed wrong ends with 2: %j', async (args, message) => {
  await using folder = await makeFolder();
  const calls = args.includes('--calls') ? [] : ['--calls', join(BROKEN, 'off_by_one.calls.jsonl')];
  const ended = await run(['repair', join(BROKEN, 'off_by_one'), ...calls, ...args], { cwd: folder.path, env: ON });
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain(message);
});

test('a plugin of a server is mended by its recorded calls, and accepted as a release; a changed proposal is not', async () => {
  await using folder = await makeFolder();
  const plugin = join(folder.path, 'plugins/missing_null_check');
  await cp(join(BROKEN, 'missing_null_check'), plugin, { recursive: true });
  const data = join(folder.path, 'state');
  await using server = await serve(['--plugins', join(folder.path, 'plugins'), '--data', data], { env: ON });
  const { url } = server.ready;
  const token = (await readFile(server.ready.token_file ?? '', 'utf8')).trim();
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(url + path, {
      method,
      headers: body === undefined ? { authorization: headers.authorization } : headers,
      ...sent,
    });
    return response.json();
  };
  const call = (params: object): Promise<unknown> => ask('POST', '/v1/tools/missing_null_check/label/call', { params });

  await ask('PUT', '/api/v1/plugins/missing_null_check/recording', { share: 1 });
  const lines = (await readFile(join(BROKEN, 'missing_null_check.calls.jsonl'), 'utf8')).trim().split('\n');
  for (const { tool, params } of lines.map((line) => JSON.parse(line))) if (tool === 'label') await call(params);

  const asked = ['--server', url, '--token', token, '--data', join(folder.path, 'mine')];
  const backend = ['--backend', `scripted:${join(BROKEN, 'missing_null_check.answers.json')}`];
  const mended = await run(['repair', 'missing_null_check', ...asked, ...backend], { cwd: folder.path, env: ON });
  expect(mended.stderr).toContain('5 calls fail, 3 are as they should be');
  expect(mended.stderr).toContain('refused (flip)');
  expect(mended.code).toBe(0);
  expect(await ask('GET', '/api/v1/plugins/missing_null_check/releases')).toMatchObject({
    releases: [{ version: '1.0.0' }],
  });

  const proposal = join(folder.path, 'mine/repairs/missing_null_check-1');
  const changed = join(folder.path, 'mine/repairs/changed');
  await cp(proposal, changed, { recursive: true });
  await appendFile(join(changed, 'source/label.ts'), '\nexport const more = 1;\n');
  const refused = await run(['repair', 'accept', 'changed', ...asked], { env: ON });
  expect(refused.stderr).toContain('source/label.ts is not as it was judged');
  expect(refused.code).toBe(1);

  const accepted = await run(['repair', 'accept', 'missing_null_check-1', ...asked], { env: ON });
  expect(accepted).toMatchObject({ code: 0, stdout: 'missing_null_check 1.0.1 is published\n' });
  const listed = await run(['repair', 'list', '--data', join(folder.path, 'mine')], { env: ON });
  expect(listed.stdout).toMatch(/changed +changed/);
  expect(listed.stdout).toMatch(/missing_null_check-1 +accepted/);
  expect(await call({ name: 'Ada Lovelace' })).toMatchObject({ ok: false }); // Published, and moved to by nobody.
  await ask('POST', '/api/v1/plugins/missing_null_check/upgrade', { version: '1.0.1', gate: 'trial' });
  expect(await call({ name: 'Ada Lovelace' })).toMatchObject({ ok: true, value: 'Ada Lovelace' });
});

test('a folder that is not what the server runs is not mended for it', async () => {
  await using folder = await makeFolder();
  const plugin = join(folder.path, 'plugins/missing_null_check');
  await cp(join(BROKEN, 'missing_null_check'), plugin, { recursive: true });
  const state = ['--plugins', join(folder.path, 'plugins'), '--data', join(folder.path, 'state')];
  await using server = await serve(state, { env: ON });
  const token = (await readFile(server.ready.token_file ?? '', 'utf8')).trim();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const put = { method: 'PUT', headers, body: '{"share":1}' };
  await fetch(`${server.ready.url}/api/v1/plugins/missing_null_check/recording`, put);
  const post = { method: 'POST', headers, body: '{"params":{"name":"x"}}' };
  await fetch(`${server.ready.url}/v1/tools/missing_null_check/label/call`, post);
  const other = join(folder.path, 'other');
  await cp(plugin, other, { recursive: true });
  await writeFile(join(other, 'label.ts'), 'export const labelOf = () => "";\n');
  const asked = ['--server', server.ready.url, '--token', token, '--backend', 'echo', '--evaluations', '1'];
  const ended = await run(['repair', other, ...asked], { cwd: folder.path, env: ON });
  expect(ended.stderr).toMatch(/has the digest [0-9a-f]{12}; the server runs [0-9a-f]{12}/);
  expect(ended.code).toBe(2);
});
