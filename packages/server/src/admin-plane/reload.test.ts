import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { adminOf } from '../admin-fixture.ts';
import { callTool, outcomeOfResponse, startServer, TOKEN, writePlugin, type TestPlugin } from '../server-fixture.ts';

const answering = (answer: number) =>
  `export default { tools: [{ name: 'answer', description: 'Answers.', parameters: { type: 'object' }, execute: () => ${answer} }] };`;

async function release(plugin: TestPlugin, version: string, main: string): Promise<void> {
  const path = join(plugin.dir, 'plugin.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as object; // Written by the fixture.
  await writeFile(path, JSON.stringify({ ...manifest, version }));
  await writeFile(join(plugin.dir, 'main.js'), main);
}

const reload = (url: string, path: string) =>
  fetch(`${url}/api/v1/plugins/${path}`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } });

test('[X001-4] reload reads the folder again, and new calls meet the new release', async () => {
  await using plugin = await writePlugin('answerer', answering(1));
  await using started = await startServer({ plugins: [plugin.dir] });
  await release(plugin, '1.1.0', answering(2));
  const response = await reload(started.url, 'answerer/reload');
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    name: 'answerer',
    version: '1.1.0',
    state: 'INITIALIZED',
    findings: [],
  });
  const outcome = await outcomeOfResponse(await callTool(started.url, 'answerer/answer', {}));
  expect(outcome).toMatchObject({ ok: true, value: 2, call: { version: '1.1.0' } });
});

test('[X001-4] a release that is refused is 422 with its findings, and the one that runs goes on', async () => {
  await using plugin = await writePlugin('answerer', answering(1));
  await using started = await startServer({ plugins: [plugin.dir] });
  await release(plugin, '1.1.0', `${answering(2)}\neval('1');`);
  const response = await reload(started.url, 'answerer/reload');
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({
    code: 'REVIEW_REFUSED',
    detail: expect.stringContaining('main.js:2'),
    findings: [expect.objectContaining({ path: 'main.js', line: 2, severity: 'error' })],
  });
  expect(await outcomeOfResponse(await callTool(started.url, 'answerer/answer', {}))).toMatchObject({ value: 1 });
});

test('[X001-4] a plugin that is not there is 404', async () => {
  await using started = await startServer();
  const response = await reload(started.url, 'nothing/reload');
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ detail: "Plugin 'nothing' not found in registry" });
});

test('[X001-4] a plugin that was refused from the start is installed once it is mended', async () => {
  await using plugin = await writePlugin('answerer', `${answering(1)}\neval('1');`);
  await using started = await startServer();
  await expect(started.host.install(plugin.dir)).rejects.toMatchObject({ code: 'REVIEW_REFUSED' });
  await release(plugin, '1.0.0', answering(1));
  expect((await reload(started.url, 'answerer/reload')).status).toBe(200);
  expect(await outcomeOfResponse(await callTool(started.url, 'answerer/answer', {}))).toMatchObject({ value: 1 });
});

test('[X001-4] two reloads at once follow one another, and the newest content is served', async () => {
  await using plugin = await writePlugin('answerer', answering(1));
  await using started = await startServer({ plugins: [plugin.dir] });
  await release(plugin, '1.1.0', answering(2));
  const both = await Promise.all([reload(started.url, 'answerer/reload'), reload(started.url, 'answerer/reload')]);
  expect(both.map(({ status }) => status)).toEqual([200, 200]);
  expect(await outcomeOfResponse(await callTool(started.url, 'answerer/answer', {}))).toMatchObject({ value: 2 });
});

test('[X001-4] reload-all reloads what it can and says what it could not', async () => {
  await using good = await writePlugin('good', answering(1));
  await using bad = await writePlugin('bad', answering(1));
  await using started = await startServer({ plugins: [good.dir, bad.dir] });
  await release(good, '1.1.0', answering(2));
  await writeFile(join(bad.dir, 'plugin.json'), '{');
  const response = await reload(started.url, 'reload-all');
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    reloaded: [{ name: 'good', version: '1.1.0' }],
    refused: [{ name: 'bad', code: 'MANIFEST_INVALID' }],
  });
});

const COUNTING = `let calls = 0;
const tool = (name, execute) => ({ name, description: name, parameters: { type: 'object' }, execute });
export default { tools: [
  tool('count', () => (calls += 1)),
  tool('spin', () => { for (;;); }),
] };`;

test(
  'a tenant’s reload starts its own instances afresh and closes its breaker, and touches nobody else’s',
  { timeout: 60_000 },
  async () => {
    await using plugin = await writePlugin('counter', COUNTING, { limits: { timeout_ms: 3_000 } });
    await using started = await startServer();
    await started.host.install(plugin.dir, { tenant: 'default' });
    const { ask, makeTenant, makeToken } = adminOf(started.url);
    const [one, other] = await Promise.all(
      ['one', 'other'].map(async (name) => {
        const id = await makeTenant(name);
        const token = await makeToken(id, 'admin');
        await ask('POST', '/api/v1/plugins/counter/enable', { token });
        return { id, token };
      }),
    );
    const call = async (tenant: typeof one, tool = 'count'): Promise<unknown> => {
      const { body } = await ask('POST', `/v1/tools/counter/${tool}/call`, { token: tenant?.token ?? '', body: {} });
      return body['ok'] === true ? body['value'] : (body['error'] as { readonly code: string }).code; // An Outcome.
    };
    expect([await call(one), await call(one), await call(other)]).toEqual([1, 2, 1]);
    const reloaded = await ask('POST', '/api/v1/plugins/counter/reload', { token: one?.token ?? '' });
    expect(reloaded).toMatchObject({ status: 200, body: { name: 'counter', version: '1.0.0' } });
    expect([await call(one), await call(other)]).toEqual([1, 2]);

    for (let death = 0; death < 3; death += 1) expect(await call(one, 'spin')).toBe('CALL_TIMEOUT');
    const breaker = async (): Promise<unknown> =>
      (await ask('GET', '/v1/plugins/counter/health', { token: one?.token ?? '' })).body['breaker'];
    await expect.poll(breaker).toBe('open');
    await ask('POST', '/api/v1/plugins/counter/reload', { headers: { 'x-bulkhead-tenant': 'one' } });
    expect(await call(one)).toBe(1);

    const viewer = await makeToken(one?.id ?? '', 'operator');
    expect((await ask('POST', '/api/v1/plugins/counter/reload', { token: viewer })).status).toBe(403);
    const stranger = await makeToken(await makeTenant('stranger'), 'admin');
    expect(await ask('POST', '/api/v1/plugins/counter/reload', { token: stranger })).toMatchObject({
      status: 404,
      body: { detail: "Plugin 'counter' is not registered for this tenant" },
    });
  },
);
