/**
 * The quota of what a tenant's plugins move over the network, as an administrator sets it and a scraper reads it, on every storage.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { callTool, STORAGES, startServer, TOKEN, writePlugin } from './server-fixture.ts';

const BYTES = 100_000;
const SOURCE = `export default { tools: [{ name: 'get', description: 'Fetches.', parameters: { type: 'object' },
  execute: async ({ url }) => (await (await fetch(url)).text()).length }] };`;

/** A server inside, which the operator lets plugins reach. */
async function openInside() {
  const server = createServer((_request, response) => response.end('x'.repeat(BYTES)));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo; // A TCP server has one.
  return {
    at: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((done) => server.close(() => done())),
  };
}

test.for(STORAGES)('a tenant’s bytes of a day are bounded and counted %s', async ([, openStorage]) => {
  await using stack = new AsyncDisposableStack();
  const inside = stack.use(await openInside());
  const asks = { required_permissions: ['internet'], network: { allow: [inside.at] } };
  const plugin = stack.use(await writePlugin('getter', SOURCE, asks));
  const storage = await openStorage();
  const started = stack.use(await startServer({ storage, plugins: [plugin.dir], privateHosts: [inside.at] }));
  await started.host.registrations.enable('getter', { grant: ['internet'] });
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const bound = (quota: object): Promise<Response> =>
    fetch(`${started.url}/api/v1/tenants/default`, { method: 'PUT', headers, body: JSON.stringify({ quota }) });
  const get = async (): Promise<unknown> =>
    (await callTool(started.url, 'getter/get', { params: { url: `http://${inside.at}/` } })).json();

  expect(await (await bound({ egress_bytes_per_day: 1.5 * BYTES })).json()).toMatchObject({
    quota: { egress_bytes_per_day: 1.5 * BYTES },
  });
  expect(await get()).toMatchObject({ ok: true, value: BYTES });
  expect(await get()).toMatchObject({ ok: false, error: { code: 'PLUGIN_THREW' } });
  await bound({});
  expect(await get()).toMatchObject({ ok: true, value: BYTES });

  const day = new Date().toISOString().slice(0, 10);
  const sums = (): Promise<unknown> => storage.listUsage({ tenant_id: 'default', from: day, to: day });
  const sum = { meter: 'egress_bytes', subject: 'getter', amount: expect.any(Number) as number };
  await expect.poll(sums).toMatchObject([sum]);
  const page = async (init?: RequestInit): Promise<string> => (await fetch(`${started.url}/metrics`, init)).text();
  const received = 'plugin="getter",direction="received"}';
  expect(await page()).toContain(`egress_bytes_total{${received}`);
  expect(await page({ headers })).toContain(`egress_bytes_total{tenant="default",${received}`);
});
