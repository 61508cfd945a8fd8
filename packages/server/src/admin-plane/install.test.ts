import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createHost, createKeyPair, signArchive } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
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

/** Sends the bytes of an archive; `url` is of the server with the default settings unless another is named. */
async function send(bytes: Uint8Array, signature?: string, to = url): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    'content-type': bytes[0] === 0x50 ? 'application/zip' : 'application/gzip',
    ...(signature !== undefined && { 'x-bulkhead-signature': Buffer.from(signature).toString('base64') }),
  };
  const response = await fetch(`${to}/api/v1/plugins`, { method: 'POST', headers, body: new Uint8Array(bytes) });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

/** Packs a plugin of one file, in a folder of its own, with the tar of this machine. */
async function packed(name: string, manifest: object = {}): Promise<{ dir: string; bytes: Uint8Array }> {
  const { dir } = cleanup.use(await writePlugin(name, MAIN, { license: 'MIT', ...manifest }));
  const { stdout } = await promisify(execFile)('tar', ['-czf', '-', '-C', dir, '.'], { encoding: 'buffer' });
  return { dir, bytes: stdout };
}

/** Signs an archive of version 1.0.0. */
function signatureOf(name: string, bytes: Uint8Array): string {
  const about = { name, version: '1.0.0', signed_at: '2026-01-01T00:00:00.000Z', expires_at: null };
  return JSON.stringify(signArchive(bytes, about, keys.privateKey));
}

const keys = createKeyPair();

test('an archive that is sent is installed: 201 with the release and a warning that nobody signed it', async () => {
  const { bytes } = await packed('sent');
  expect(await send(bytes)).toMatchObject({
    status: 201,
    body: { name: 'sent', version: '1.0.0', state: 'INITIALIZED', findings: [{ id: 'SIGNATURE_MISSING' }] },
  });
  expect(await admin.ask('GET', '/api/v1/plugins/sent/releases')).toMatchObject({
    body: { releases: [{ form: 'archive', signed_by: null }] },
  });
});

test('[FAULTS-91] a signature comes with the archive, in a header or as the file beside it', async () => {
  const { dir, bytes } = await packed('signed');
  const file = join(dir, '..', 'signed-1.0.0.tgz');
  await writeFile(file, bytes);
  const signature = signatureOf('signed', bytes);
  await writeFile(`${file}.sig.json`, signature);
  expect(await send(bytes, signature)).toMatchObject({ status: 201, body: { findings: [] } });
  expect(await post({ path: file })).toMatchObject({ status: 201, body: { findings: [] } });
  const signed_by = { kind: 'ed25519', key: keys.publicKey };
  expect(await admin.ask('GET', '/api/v1/plugins/signed/releases/1.0.0')).toMatchObject({
    body: { signed_by, dependencies: [], archive_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
  });
  const { bytes: next } = await packed('signed', { version: '2.0.0' });
  expect(await send(next, signature)).toMatchObject({ status: 403, body: { code: 'SIGNATURE_INVALID' } });
  expect(await send(next, 'nonsense')).toMatchObject({ status: 403, body: { code: 'SIGNATURE_INVALID' } });
  expect(await send(next)).toMatchObject({ status: 403, body: { code: 'SIGNATURE_MISSING' } });
});

test('[FAULTS-79] [FAULTS-81] [FAULTS-85] what is sent and refused is 422 or 413 with its code and findings', async () => {
  const text = (content: string): Uint8Array => gzipSync(content);
  expect(await send(text('no tar'))).toMatchObject({
    status: 422,
    body: { code: 'ARCHIVE_INVALID', findings: [{ id: 'ARCHIVE_INVALID', severity: 'error' }] },
  });
  expect(await send(gzipSync(Buffer.alloc(64 * 1024 * 1024)))).toMatchObject({
    status: 413,
    body: { code: 'ARCHIVE_TOO_LARGE' },
  });
  expect(await send(Buffer.concat([text('x'), Buffer.alloc(LIMITS.archive_packed_bytes.value)]))).toMatchObject({
    status: 413,
    body: { code: 'REQUEST_TOO_LARGE' },
  });
  expect(await send(new Uint8Array())).toMatchObject({ status: 422, body: { code: 'ARCHIVE_INVALID' } });
  expect(await admin.ask('GET', '/healthz')).toMatchObject({ status: 200 });
});

test('a package of npm is taken only where that is configured', async () => {
  expect(await post({ npm: 'some-plugin' })).toMatchObject({ status: 400, body: { code: 'INSTALL_FORM_UNSUPPORTED' } });
  const host = cleanup.use(await createHost({ untrustedMinTier: 'process', spareCount: 0, tierMax: 'process' }));
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const open = cleanup.use(await createServer({ host, token: TOKEN, log, takesNpm: true }));
  const other = adminOf((await open.listen({ host: '127.0.0.1', port: 0 })).url);
  expect(await other.ask('POST', '/api/v1/plugins', { body: { npm: '../folder' } })).toMatchObject({
    status: 422,
    body: { code: 'NPM_FETCH_FAILED' },
  });
});

test('no other route takes an upload, no other body is taken, and no other token', async () => {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/gzip' };
  const enable = await fetch(`${url}/api/v1/plugins/posted/enable`, { method: 'POST', headers, body: 'x' });
  expect(enable.status).toBe(415);
  for (const body of [undefined, {}, { path: 1 }, { path: '' }, { path: plugin.dir, npm: 'x' }])
    expect(await post(body)).toMatchObject({ status: 422, body: { code: 'VALIDATION_FAILED' } });
  const token = await admin.makeToken('default', 'admin');
  expect(await admin.ask('POST', '/api/v1/plugins', { token, body: { path: plugin.dir } })).toMatchObject({
    status: 403,
    body: { code: 'ROLE_TOO_LOW' },
  });
});
