import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  blockInIndex,
  buildIndex,
  createHost,
  createKeyPair,
  fetchFromIndex,
  packPlugin,
  type IndexedFrom,
} from '@bulkhead/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminOf, type Admin, type Answer } from '../admin-fixture.ts';
import { createServer } from '../server.ts';
import { TOKEN, writePlugin } from '../server-fixture.ts';

const TOOL = `{ name: 'version', description: 'Its version.', parameters: { type: 'object' }, execute: () => 1 }`;
const MAIN = `export default { tools: [${TOOL}] };`;
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const cleanup = new AsyncDisposableStack();
const keys = createKeyPair();
const keeping = { signing: { privateKey: keys.privateKey } };
let place: string;
let url: string;
let admin: Admin;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'bulkhead-server-index-'));
  cleanup.defer(() => rm(place, { recursive: true, force: true }));
  for (const name of ['listed', 'blocked', 'sent']) {
    const { dir } = cleanup.use(await writePlugin(name, MAIN, { license: 'MIT' }));
    await writeFile(join(dir, 'LICENSE'), 'MIT License');
    await mkdir(place, { recursive: true });
    await writeFile(join(place, `${name}-1.0.0.tgz`), (await packPlugin(dir)).bytes);
  }
  await buildIndex(place, keeping);
  await blockInIndex(place, { name: 'blocked', version: '1.0.0', reason: 'It mines coins.' }, keeping);
  const host = cleanup.use(await createHost({ untrustedMinTier: 'process', spareCount: 0, tierMax: 'process' }));
  const indexes = [{ place, key: keys.publicKey }];
  const server = cleanup.use(await createServer({ host, token: TOKEN, log, indexes }));
  ({ url } = await server.listen({ host: '127.0.0.1', port: 0 }));
  admin = adminOf(url);
}, 60_000);
afterAll(() => cleanup.disposeAsync());

const post = (body: unknown): Promise<Answer> => admin.ask('POST', '/api/v1/plugins', { body });

test('the platform installs by name from an index of the server’s: 201, and the release says from which', async () => {
  expect(await post({ name: 'listed' })).toMatchObject({
    status: 201,
    body: { name: 'listed', version: '1.0.0', state: 'INITIALIZED', findings: [{ id: 'SIGNATURE_MISSING' }] },
  });
  expect(await post({ name: 'listed', version: '1.0.0', index: place })).toMatchObject({ status: 201 });
  const path = '/api/v1/plugins/listed/releases';
  const index = { name: 'plugins', key: keys.publicKey, serial: 2 };
  expect(await admin.ask('GET', path)).toMatchObject({
    body: { releases: [{ form: 'archive', index: { ...index, place } }] },
  });
  const id = await admin.makeTenant('looks');
  await admin.ask('POST', '/api/v1/plugins/listed/releases/1.0.0/offer', { body: { tenants: [id] } });
  const token = await admin.makeToken(id, 'admin');
  const { body } = await admin.ask('GET', path, { token });
  expect(body).toMatchObject({ releases: [{ index }] });
  expect(JSON.stringify(body)).not.toContain(place);
});

test('[F000-48] what an index has blocked, does not list, or cannot be read is refused with its code', async () => {
  expect(await post({ name: 'blocked' })).toMatchObject({
    status: 403,
    body: { code: 'INDEX_BLOCKED', detail: expect.stringContaining('It mines coins.') as string },
  });
  expect(await post({ name: 'listed', version: '2.0.0' })).toMatchObject({
    status: 404,
    body: { code: 'RELEASE_NOT_FOUND' },
  });
  expect(await post({ name: 'absent' })).toMatchObject({ status: 404, body: { code: 'RELEASE_NOT_FOUND' } });
  const path = join(place, 'index.json');
  const before = await readFile(path, 'utf8');
  await writeFile(path, before.replace('It mines coins.', 'It is harmless.'));
  expect(await post({ name: 'listed' })).toMatchObject({ status: 403, body: { code: 'SIGNATURE_INVALID' } });
  await rm(path);
  expect(await post({ name: 'listed' })).toMatchObject({ status: 422, body: { code: 'INDEX_UNREACHABLE' } });
  await writeFile(path, before);
});

test('no index is asked that the operator has not named, and none without a name that a plugin may have', async () => {
  for (const index of ['http://127.0.0.1:1/', '/etc'])
    expect(await post({ name: 'listed', index })).toMatchObject({
      status: 400,
      body: { code: 'INSTALL_FORM_UNSUPPORTED' },
    });
  for (const body of [
    { name: '../x' },
    { name: 'listed', version: 'latest' },
    { name: 'listed', path: '/x' },
    { index: place },
  ])
    expect(await post(body)).toMatchObject({ status: 422, body: { code: 'VALIDATION_FAILED' } });
  const host = cleanup.use(await createHost({ spareCount: 0, tierMax: 'process' }));
  const plain = cleanup.use(await createServer({ host, token: TOKEN, log }));
  const other = adminOf((await plain.listen({ host: '127.0.0.1', port: 0 })).url);
  expect(await other.ask('POST', '/api/v1/plugins', { body: { name: 'listed' } })).toMatchObject({
    status: 400,
    body: { code: 'INSTALL_FORM_UNSUPPORTED', detail: 'this server takes plugins from no index' },
  });
  const token = await admin.makeToken('default', 'admin');
  expect(await admin.ask('POST', '/api/v1/plugins', { token, body: { name: 'listed' } })).toMatchObject({
    status: 403,
  });
});

/** Sends an archive as the command line does that fetched it from an index. */
async function send(bytes: Uint8Array, index: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/gzip', 'x-bulkhead-index': index };
  const response = await fetch(`${url}/api/v1/plugins`, { method: 'POST', headers, body: new Uint8Array(bytes) });
  return { status: response.status, body: await response.json() };
}

test('an archive that is sent says in a header from which index it is; what is no such header is refused', async () => {
  const { bytes, index } = await fetchFromIndex({ place, key: keys.publicKey }, { name: 'sent' }, { now: Date.now() });
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
  const wrong: readonly Partial<IndexedFrom>[] = [{ plugin: 'other' }, { version: '9.0.0' }];
  for (const change of wrong)
    expect(await send(bytes, encoded({ ...index, ...change }))).toMatchObject({
      status: 422,
      body: { code: 'INDEX_INVALID' },
    });
  const { origin } = index;
  const none = [
    'nonsense',
    '{}',
    { ...index, origin: { ...origin, serial: 0 } },
    { ...index, origin: { ...origin, place: 'a\nb' } },
  ];
  for (const value of none)
    expect(await send(bytes, typeof value === 'string' ? value : encoded(value))).toMatchObject({
      status: 422,
      body: { code: 'VALIDATION_FAILED' },
    });
  expect(
    await send(bytes, encoded({ ...index, origin: { ...origin, place: 'https://p{C}.example.com/' } })),
  ).toMatchObject({ status: 201 });
  const older = { ...index, origin: { ...origin, serial: 1 } };
  expect(await send(bytes, encoded(older))).toMatchObject({ status: 403, body: { code: 'INDEX_STALE' } });
});

test('[FAULTS-91] once a newer index was read here, an older one is refused, though nothing came of the newer', async () => {
  const path = join(place, 'index.json');
  const older = await readFile(path, 'utf8');
  await blockInIndex(place, { name: 'listed', version: null, reason: 'It leaks.' }, keeping);
  expect(await post({ name: 'listed' })).toMatchObject({ status: 403, body: { code: 'INDEX_BLOCKED' } });
  await writeFile(path, older);
  expect(await post({ name: 'listed' })).toMatchObject({
    status: 403,
    body: { code: 'INDEX_STALE', detail: expect.stringMatching(/serial 2; 3 was seen before/) as string },
  });
});
