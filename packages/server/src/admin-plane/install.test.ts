import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHost } from '@bulkhead/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminOf, type Admin, type Answer } from '../admin-fixture.ts';
import { createServer, type Server } from '../server.ts';
import { TOKEN, writePlugin, type TestPlugin } from '../server-fixture.ts';

const TOOL = `{ name: 'version', description: 'Its version.', parameters: { type: 'object' }, execute: () => 1 }`;
const MAIN = `export default { tools: [${TOOL}] };`;

const cleanup = new AsyncDisposableStack();
let url: string;
let admin: Admin;
let plugin: TestPlugin;
beforeAll(async () => {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const host = cleanup.use(await createHost({ untrustedMinTier: 'process', spareCount: 0, tierMax: 'process' }));
  const server: Server = cleanup.use(await createServer({ host, token: TOKEN, log }));
  ({ url } = await server.listen({ host: '127.0.0.1', port: 0 }));
  admin = adminOf(url);
  plugin = cleanup.use(await writePlugin('posted', MAIN));
});
afterAll(() => cleanup.disposeAsync());

const post = (body: unknown): Promise<Answer> => admin.ask('POST', '/api/v1/plugins', { body });

test('the platform installs a folder: 201 with the release, which is for nobody until it is enabled', async () => {
  expect(await post({ path: plugin.dir })).toMatchObject({
    status: 201,
    body: {
      name: 'posted',
      version: '1.0.0',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      state: 'INITIALIZED',
      findings: [],
    },
  });
  const id = await admin.makeTenant('installs');
  const token = await admin.makeToken(id, 'admin');
  const enable = '/api/v1/plugins/posted/enable';
  expect((await admin.ask('GET', '/api/v1/plugins', { token })).body).toMatchObject({ available: [], registered: [] });
  expect(await admin.ask('POST', enable, { token })).toMatchObject({ status: 404 });
  await admin.ask('POST', '/api/v1/plugins/posted/releases/1.0.0/offer', { body: { tenants: [id] } });
  expect(await admin.ask('POST', enable, { token })).toMatchObject({ status: 200, body: { tenant_id: id } });
  expect(await admin.ask('POST', '/v1/tools/posted/version/call', { token, body: {} })).toMatchObject({ status: 200 });
  expect(await admin.ask('POST', enable)).toMatchObject({ status: 200, body: { tenant_id: 'default' } });
});

test('what is refused is 422 with its code and findings, and other content of a version 409', async () => {
  const bad = cleanup.use(await writePlugin('bad', `import fs from 'node:fs'; ${MAIN}`));
  expect(await post({ path: bad.dir })).toMatchObject({
    status: 422,
    body: { code: 'REVIEW_REFUSED', findings: [{ severity: 'error', path: 'main.js', line: 1 }] },
  });
  await writeFile(join(bad.dir, 'plugin.json'), JSON.stringify({ name: 'bad', version: '1.0', description: 'd' }));
  expect(await post({ path: bad.dir })).toMatchObject({ status: 422, body: { code: 'MANIFEST_INVALID' } });
  expect(await post({ path: join(bad.dir, 'nowhere') })).toMatchObject({
    status: 422,
    body: { code: 'SOURCE_NOT_FOUND' },
  });
  const other = cleanup.use(await writePlugin('posted', `${MAIN} // Other content.`, { license: 'MIT' }));
  expect(await post({ path: other.dir })).toMatchObject({ status: 409, body: { code: 'RELEASE_EXISTS' } });
});

test.each([
  ['application/json', JSON.stringify({ npm: 'some-plugin' }), 'an npm package'],
  ['application/gzip', new Uint8Array(100_000), 'an upload of application/gzip'],
  ['application/zip', new Uint8Array(10), 'an upload of application/zip'],
])('%s in another form is told apart, and not taken', async (type, body, said) => {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': type };
  const response = await fetch(`${url}/api/v1/plugins`, { method: 'POST', headers, body });
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { code: 'INSTALL_FORM_UNSUPPORTED', detail: `${said} cannot be installed on this server yet` },
  ]);
});

test('no other route takes an upload, no other body is taken, and no other token', async () => {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/gzip' };
  const enable = await fetch(`${url}/api/v1/plugins/posted/enable`, { method: 'POST', headers, body: 'x' });
  expect(enable.status).toBe(415);
  for (const body of [{}, { path: 1 }, { path: '' }, { path: plugin.dir, npm: 'x' }])
    expect(await post(body)).toMatchObject({ status: 422, body: { code: 'VALIDATION_FAILED' } });
  const token = await admin.makeToken('default', 'admin');
  expect(await admin.ask('POST', '/api/v1/plugins', { token, body: { path: plugin.dir } })).toMatchObject({
    status: 403,
    body: { code: 'ROLE_TOO_LOW' },
  });
});
