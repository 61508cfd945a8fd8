import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres } from '@bulkhead/store/testing';
import { expect, test, vi } from 'vitest';
import { answering, makeFolder, REPOSITORY, run, serve, writePlugin, type Served } from './cli-fixture.ts';

// A first start of the embedded database takes seconds, and many more on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const calculator = join(REPOSITORY, 'plugins/calculator');
const CALL = '/v1/tools/calculator/add/call';

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

async function ask(served: Served, path: string, token: string, body?: unknown): Promise<Answer> {
  const response = await fetch(served.ready.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] }; // Tests look at what is inside.
}

/** What a server acknowledged is there after it was killed and started again, without its plugin folders. */
async function assertKept(data: string, env: Readonly<Record<string, string>>): Promise<void> {
  const first = await serve(['--plugins', calculator, '--data', data], { env });
  const platform = (await readFile(join(data, 'token'), 'utf8')).trim();
  const { body: tenant } = await ask(first, '/api/v1/tenants', platform, { name: 'acme' });
  const { body: made } = await ask(first, `/api/v1/tenants/${String(tenant['id'])}/tokens`, platform, {
    role: 'admin',
  });
  const token = String(made['token']);
  await ask(first, '/api/v1/plugins/calculator/enable', token, {});
  const call = { params: { a: 2, b: 3 }, idempotency_key: 'once' };
  const outcome = await ask(first, CALL, token, call);
  expect(outcome).toMatchObject({ status: 200, body: { value: { result: 5 }, call: { tenant: tenant['id'] } } });
  first.child.kill('SIGKILL');
  await first.ended;

  await using second = await serve(['--data', data], { env });
  expect(await ask(second, CALL, token, call)).toEqual(outcome);
  expect(await ask(second, CALL, token, { params: { a: 4, b: 5 } })).toMatchObject({ body: { value: { result: 9 } } });
  expect(await ask(second, CALL, platform, { params: { a: 1, b: 1 } })).toMatchObject({
    body: { value: { result: 2 } },
  });
  expect((await ask(second, '/api/v1/tenants', platform)).body).toMatchObject([
    { id: 'default' },
    { id: tenant['id'] },
  ]);
}

test('what was acknowledged is there after a kill, in the data directory', async () => {
  await using folder = await makeFolder();
  await assertKept(join(folder.path, 'data'), {});
});

test('with BULKHEAD_DATABASE_URL it is on that server', async () => {
  await using folder = await makeFolder();
  await using server = await startPostgres();
  await assertKept(join(folder.path, 'data'), { BULKHEAD_DATABASE_URL: server.url });
});

test.each([
  ['postgres://nobody:secret@127.0.0.1:1/none', 'STORAGE_UNAVAILABLE'],
  ['mysql://nobody:secret@127.0.0.1/none', 'CONFIG_INVALID'],
])('a database at %s ends the start with exit code 1 and %s, and no password is shown', async (url, code) => {
  await using folder = await makeFolder();
  const args = ['serve', '--port', '0', '--data', join(folder.path, 'data')];
  const ended = await run(args, { env: { BULKHEAD_DATABASE_URL: url } });
  expect(ended.stderr).toContain(code);
  expect(ended.stderr).not.toContain('secret');
  expect(ended.code).toBe(1);
});

test('a plugin that an administrator disabled stays so over a kill, though --plugins names it', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  const args = ['--plugins', calculator, '--data', data];
  const first = await serve(args);
  const platform = (await readFile(join(data, 'token'), 'utf8')).trim();
  expect(await ask(first, '/api/v1/plugins/calculator/disable', platform, {})).toMatchObject({ status: 200 });
  first.child.kill('SIGKILL');
  await first.ended;
  await using second = await serve(args);
  expect(await ask(second, CALL, platform, { params: { a: 1, b: 1 } })).toMatchObject({
    status: 409,
    body: { error: { code: 'PLUGIN_DISABLED' } },
  });
  await ask(second, '/api/v1/plugins/calculator/enable', platform, {});
  expect(await ask(second, CALL, platform, { params: { a: 1, b: 1 } })).toMatchObject({ status: 200 });
});

test('a plugin whose folder was gone at one start is back with its folder', async () => {
  await using folder = await makeFolder();
  const args = ['--plugins', join(folder.path, 'plugins'), '--data', join(folder.path, 'data')];
  const states: unknown[] = [];
  for (const isThere of [true, false, true]) {
    if (isThere) await writePlugin(join(folder.path, 'plugins'), { name: 'returning', main: answering(7) });
    else await rm(join(folder.path, 'plugins/returning'), { recursive: true });
    await using served = await serve(args);
    const platform = (await readFile(join(folder.path, 'data/token'), 'utf8')).trim();
    states.push((await ask(served, '/v1/tools/returning/answer/call', platform, {})).status);
  }
  expect(states).toEqual([200, 409, 200]);
});

test('a plugin whose folder was deleted while no server ran is withdrawn; one that is only no longer named serves on', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  const dirs = await Promise.all(
    ['deleted', 'unnamed'].map((name) => writePlugin(folder.path, { name, main: answering(7) })),
  );
  await (await serve(['--plugins', dirs[0] ?? '', '--plugins', dirs[1] ?? '', '--data', data]))[Symbol.asyncDispose]();
  await rm(dirs[0] ?? '', { recursive: true });
  for (const round of [1, 2]) {
    await using served = await serve(['--data', data]);
    const { body } = await ask(served, '/v1/plugins', '');
    expect({ round, body }).toMatchObject({ body: [{ name: 'unnamed', state: 'INITIALIZED' }] });
    expect(served.stderr()).toContain('unnamed is of an earlier start');
  }
});

test('a second server on one data directory is refused and told who holds it, and the first’s data are whole', async () => {
  await using folder = await makeFolder();
  const data = join(folder.path, 'data');
  const first = await serve(['--plugins', calculator, '--data', data]);
  const platform = (await readFile(join(data, 'token'), 'utf8')).trim();
  expect(await ask(first, '/api/v1/tenants', platform, { name: 'acme' })).toMatchObject({ status: 201 });
  const second = await run(['serve', '--port', '0', '--plugins', calculator, '--data', data]);
  expect(second.stderr).toContain('DATA_LOCKED');
  expect(second.stderr).toContain(`the server with pid ${first.child.pid} on "`);
  expect(second.code).toBe(1);
  expect(await ask(first, '/api/v1/tenants', platform, { name: 'other' })).toMatchObject({ status: 201 });
  expect(await ask(first, CALL, platform, { params: { a: 1, b: 2 } })).toMatchObject({
    body: { value: { result: 3 } },
  });
  await first[Symbol.asyncDispose]();
  await using next = await serve(['--data', data]);
  const { body: tenants } = await ask(next, '/api/v1/tenants', platform);
  expect(tenants).toMatchObject([{ name: 'default' }, { name: 'acme' }, { name: 'other' }]);
});
