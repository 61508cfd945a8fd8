import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { REPOSITORY, startServer, type TestServer } from '../server-fixture.ts';

const SECRET = 'of-the-server-and-granted-to-one';
let running: TestServer;
let admin: Admin;

beforeAll(async () => {
  process.env['SMALL_TOKEN'] = SECRET;
  running = await startServer({ plugins: [join(REPOSITORY, 'fixtures/mcp/small')] });
  admin = adminOf(running.url);
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  delete process.env['SMALL_TOKEN'];
});

const call = (tool: string, params: object = {}) =>
  admin.ask('POST', `/v1/tools/small/${tool}/call`, { body: { params } });

test('tools of an MCP server are listed with the server’s own names', async () => {
  const { body } = await admin.ask('GET', '/v1/tools');
  expect(body).toContainEqual(expect.objectContaining({ plugin: 'small', name: 'get_env', mcp_name: 'get-env' }));
});

test('a variable of the server is given where it was granted, with a line in the audit log, and no tenant may grant it', async () => {
  expect(JSON.stringify((await call('get_env')).body)).not.toContain(SECRET);
  const tenant = await admin.makeTenant('acme');
  const token = await admin.makeToken(tenant, 'admin');
  const grant = { grant: ['env:SMALL_TOKEN'] };
  const refused = await admin.ask('POST', '/api/v1/plugins/small/enable', { token, body: grant });
  expect(refused).toMatchObject({ status: 403, body: { code: 'ROLE_TOO_LOW' } });
  const upgrade = { version: '1.0.0', ...grant };
  const sneaked = await admin.ask('POST', '/api/v1/plugins/small/upgrade', { token, body: upgrade });
  expect(sneaked).toMatchObject({ status: 403, body: { code: 'ROLE_TOO_LOW' } });
  const given = await admin.ask('POST', '/api/v1/plugins/small/enable', { body: grant });
  expect(given).toMatchObject({ status: 200, body: { granted_permissions: ['env:SMALL_TOKEN'] } });
  expect((await call('get_env')).body).toMatchObject({ ok: true, value: { SMALL_TOKEN: SECRET } });
  const { body } = await admin.ask('GET', '/api/v1/audit');
  const text = JSON.stringify(body);
  expect(text).toContain('"env":["SMALL_TOKEN"]');
  expect(text).not.toContain(SECRET);
});

test('what an MCP server tried and was refused is told, with the permission that it would take', async () => {
  expect((await call('start_program')).body).toMatchObject({ ok: false, error: { code: 'TOOL_REPORTED_ERROR' } });
  await call('read_file', { path: '/etc/shadow' });
  const { body } = await admin.ask('GET', '/api/v1/plugins/small/debug');
  expect(body['refused']).toEqual([
    expect.objectContaining({ what: 'child', error: 'EACCES', permission: 'children', times: 1 }),
    expect.objectContaining({ what: 'file', target: '/etc/shadow', permission: null }),
  ]);
});

test('child processes run once they are granted', async () => {
  await admin.ask('POST', '/api/v1/plugins/small/enable', { body: { grant: ['children'] } });
  expect((await call('start_program')).body).toMatchObject({ ok: true, value: { status: 0 } });
});
