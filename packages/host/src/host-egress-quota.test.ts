/**
 * What tenants may send to the network and get from it in a day, through whole hosts with real guests.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInternet, type FakeInternet } from './egress/internet.fixture.ts';
import { askTool, createPluginFolders, toolsSource, type PluginFolders } from './host.fixture.ts';
import { createSharedStorage } from './host-nodes.fixture.ts';
import { openHost } from './host.ts';
import { resolveSettings } from './host/settings.ts';
import type { Host } from './host-api.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';

const API = 'api.example.com';
const MIB = 1024 * 1024;
const ASKS = { required_permissions: ['internet'], network: { allow: [`${API}:443`] } };
const SOURCE = toolsSource({
  get: `try { return await (await fetch('https://${API}/' + (params.path ?? ''))).text(); }
    catch ({ kind, code, retryAfterMs }) { return { kind, code, retryAfterMs }; }`,
  post: `return (await fetch('https://${API}/', { method: 'POST', body: new Uint8Array(params.bytes) })).status;`,
});
const PAST = { kind: 'over_quota', code: 'EGRESS_QUOTA_EXCEEDED', retryAfterMs: expect.any(Number) as number };

const RECEIVED = /egress_bytes_total\{plugin="weather",direction="received"\} (\d+)\n/;

let net: FakeInternet;
let folders: PluginFolders;
let host: Host;
let names = 0;
beforeAll(async () => {
  [net, folders] = await Promise.all([openInternet([API]), createPluginFolders()]);
  await folders.write('weather', SOURCE, ASKS);
  net.serve(API, ({ url }, response) => {
    response.end(url === '/large' ? Buffer.alloc(4 * MIB, 'x') : 'ok');
  });
  host = await open(createMemoryStorage());
});
afterAll(async () => {
  await host.close();
  await net[Symbol.asyncDispose]();
  await folders[Symbol.asyncDispose]();
});

async function open(storage: Storage): Promise<Host> {
  const settings = resolveSettings({ spareCount: 0, tierMax: 'process', tenants: 'explicit', storage });
  const opened = (await openHost({ ...settings, internet: net.internet })).host;
  await opened.install(`${folders.root}/weather`);
  await opened.registrations.enable('weather', { grant: ['internet'] });
  return opened;
}

/** A tenant that may move so much a day. */
async function addTenant(to: Host, bytes: number): Promise<string> {
  names += 1;
  const { id } = await to.tenants.create({ name: `tenant ${names}`, quota: { egress_bytes_per_day: bytes } });
  await to.registrations.enable('weather', { tenant: id, grant: ['internet'] });
  return id;
}

const ask = (on: Host, tool: string, { tenant, ...params }: { tenant?: string } & Record<string, unknown> = {}) =>
  askTool(on, tool, { plugin: 'weather', params, ...(tenant !== undefined && { tenant }) });

test('a tenant’s quota ends an answer that passes it and refuses what comes next, and is nobody else’s', async () => {
  const tenant = await addTenant(host, MIB);
  expect(await ask(host, 'get', { tenant })).toBe('ok');
  expect(await ask(host, 'get', { tenant, path: 'large' })).toEqual(PAST);
  const { length } = net.received;
  expect(await ask(host, 'get', { tenant })).toEqual(PAST);
  expect(net.received).toHaveLength(length);
  expect(await ask(host, 'get', {})).toBe('ok');
  await host.tenants.change(tenant, { quota: { egress_bytes_per_day: 100 * MIB } });
  expect(await ask(host, 'get', { tenant })).toBe('ok');
});

test('a refusal says when there is more, is an error of the plugin where it is not caught, and is written down once', async () => {
  const tenant = await addTenant(host, 1_000);
  const before = Date.now();
  const refused = await ask(host, 'get', { tenant, path: 'x'.repeat(1_000) });
  const midnight = Date.parse(`${new Date(before).toISOString().slice(0, 10)}T00:00:00Z`) + 86_400_000;
  const { retryAfterMs } = refused as { retryAfterMs: number };
  expect(before + retryAfterMs).toBeGreaterThanOrEqual(midnight - 60_000);
  expect(before + retryAfterMs).toBeLessThanOrEqual(midnight);
  expect(await ask(host, 'post', { tenant, bytes: 2_000 })).toMatchObject({
    failed: {
      kind: 'tool_error',
      message: 'ServiceError: the tenant has used up what its plugins may send and receive in a day',
    },
  });
  const rows = async () =>
    (await host.audit.list({ rowsMax: 100 })).filter(
      ({ action, tenant_id }) => action === 'egress.refuse' && tenant_id === tenant,
    );
  await expect.poll(rows).toMatchObject([
    {
      ...{ actor: 'plugin:weather', tenant_id: tenant, resource: 'weather' },
      details: { rule: 'egress_bytes_per_day', target: '*' },
    },
  ]);
});

test('bytes are counted by tenant and plugin for whoever may know tenants, and by plugin for everybody', async () => {
  const tenant = await addTenant(host, 100 * MIB);
  const [, before] = RECEIVED.exec(await host.metrics()) ?? ['', '0'];
  await ask(host, 'get', { tenant, path: 'large' });
  const page = await host.metrics();
  expect(RECEIVED.exec(page)?.[1]).toBe(String(Number(before) + 4 * MIB));
  expect(page).not.toContain(tenant);
  const named = await host.metrics({ byTenant: true });
  expect(named).toContain(`egress_bytes_total{tenant="${tenant}",plugin="weather",direction="received"} ${4 * MIB}\n`);
  expect(named).not.toMatch(RECEIVED);
});

test('what one node moved counts on the other, and after a restart', async () => {
  const shared = createSharedStorage();
  const here = await open(shared.ofNode());
  const tenant = await addTenant(here, MIB);
  await using there = await open(shared.ofNode());
  expect(await ask(there, 'get', { tenant })).toBe('ok');
  expect(await ask(here, 'get', { tenant, path: 'large' })).toEqual(PAST);
  await expect.poll(() => ask(there, 'get', { tenant }), { timeout: 5_000 }).toEqual(PAST);
  await here.close();
  await using again = await open(shared.ofNode());
  expect(await ask(again, 'get', { tenant })).toEqual(PAST);
});
