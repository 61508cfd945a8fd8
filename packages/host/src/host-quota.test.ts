import type { Outcome } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

let folders: PluginFolders;
let dir: string;

beforeAll(async () => {
  folders = await createPluginFolders();
  const worker = toolsSource({
    answer: 'return 42;',
    sleep: 'await new Promise((resolve) => setTimeout(resolve, params.ms)); return "slept";',
    spin: 'const end = performance.now() + params.ms; while (performance.now() < end); return "spun";',
    hang: 'await new Promise(() => {});',
  });
  dir = await folders.write('worker', worker);
});

afterAll(() => folders[Symbol.asyncDispose]());

/** A host whose tenants are made, with the plugin for all of them. */
async function openHost(callsInFlightMax?: number): Promise<Host> {
  const host = await openTestHost({ tenants: 'explicit', ...(callsInFlightMax !== undefined && { callsInFlightMax }) });
  await host.install(dir);
  return host;
}

const codeOf = (outcome: Outcome): string => (outcome.ok ? 'ok' : outcome.error.code);

test('a flooding tenant is over_quota beyond its rate, told when to try again, and a raised quota holds at once', async () => {
  await using host = await openHost();
  const { id: tenant } = await host.tenants.create({ name: 'flood', quota: { calls_per_second: 0.01 } });
  const call = (): Promise<Outcome> => host.call({ plugin: 'worker', tool: 'answer', tenant });
  const outcomes = await Promise.all(Array.from({ length: 20 }, call));
  expect(outcomes.map(codeOf).toSorted()).toEqual([...Array.from({ length: 19 }, () => 'TENANT_QUOTA_EXCEEDED'), 'ok']);
  expect(outcomes[1]).toMatchObject({
    ok: false,
    error: {
      kind: 'over_quota',
      retryable: true,
      limit: { name: 'calls_per_second', allowed: 0.01, observed: 2, unit: 'calls' },
    },
    call: { tenant, instance_id: null },
  });
  const refused = outcomes[1];
  const waitMs = refused?.ok === false ? (refused.error.retry_after_ms ?? 0) : 0;
  expect(waitMs).toBeGreaterThan(90_000);
  expect(waitMs).toBeLessThanOrEqual(100_001);
  expect(await host.call({ plugin: 'worker', tool: 'answer' })).toMatchObject({ ok: true });
  await host.tenants.change(tenant, { quota: { calls_per_second: 5 } });
  expect(codeOf(await call())).toBe('ok');
  expect(host.health('worker')).toMatchObject({ error_count: 0 });
  expect(await host.metrics()).toContain('plugin_calls_total{plugin="worker",outcome="over_quota"} 19');
});

test('CPU time that a tenant’s guests have used is held against its next calls, short as each was', async () => {
  await using host = await openHost();
  const { id: tenant } = await host.tenants.create({ name: 'busy', quota: { cpu_seconds_per_minute: 0.4 } });
  const call = (): Promise<Outcome> => host.call({ plugin: 'worker', tool: 'spin', params: { ms: 20 }, tenant });
  await expect.poll(async () => codeOf(await call()), { interval: 1, timeout: 20_000 }).toBe('TENANT_QUOTA_EXCEEDED');
  expect(await call()).toMatchObject({
    ok: false,
    error: { kind: 'over_quota', limit: { name: 'cpu_seconds_per_minute', allowed: 0.4, unit: 's' } },
  });
  expect(await host.call({ plugin: 'worker', tool: 'answer' })).toMatchObject({ ok: true });
});

test('memory that a tenant’s guests hold while they are idle is held against its next calls', async () => {
  await using host = await openHost();
  const { id: tenant } = await host.tenants.create({ name: 'wide', quota: { memory_mb_minutes_per_minute: 0.5 } });
  const call = (): Promise<Outcome> => host.call({ plugin: 'worker', tool: 'answer', tenant });
  await expect.poll(async () => codeOf(await call()), { timeout: 20_000 }).toBe('TENANT_QUOTA_EXCEEDED');
  expect(await call()).toMatchObject({
    ok: false,
    error: { limit: { name: 'memory_mb_minutes_per_minute', allowed: 0.5, unit: 'MiB min' } },
  });
});

test('one call of a tenant is served beside another’s flood, and its report says how long it waited', async () => {
  await using host = await openHost(2);
  const [flood, calm] = await Promise.all(['flood', 'calm'].map((name) => host.tenants.create({ name })));
  const callOf = (tenant: string | undefined, ms: number): Promise<Outcome> =>
    host.call({ plugin: 'worker', tool: 'sleep', params: { ms }, ...(tenant !== undefined && { tenant }) });
  // Guests that live already, so that it is only room that the calls wait for.
  await Promise.all([callOf(flood?.id, 0), callOf(calm?.id, 0)]);
  let flooded = 0;
  const all = Array.from({ length: 60 }, async () => {
    const outcome = await callOf(flood?.id, 20);
    flooded += 1;
    return outcome;
  });
  const outcome = await callOf(calm?.id, 0);
  expect(flooded).toBeLessThan(20);
  expect(outcome).toMatchObject({ ok: true });
  expect(outcome.call.queue_ms).toBeGreaterThan(0);
  expect(outcome.call.queue_ms).toBeLessThanOrEqual(outcome.call.duration_ms);
  expect((await Promise.all(all)).every(({ ok }) => ok)).toBe(true);
});

test('a call whose time is over while the host is full ends at its deadline, and is no fault of the plugin [decision 15]', async () => {
  await using host = await openHost(1);
  const cancelling = new AbortController();
  const holding = host.call({ plugin: 'worker', tool: 'hang', signal: cancelling.signal });
  const late = await host.call({ plugin: 'worker', tool: 'answer', timeoutMs: 30 });
  expect(late).toMatchObject({
    ok: false,
    error: { kind: 'timeout', code: 'CALL_TIMEOUT', limit: { name: 'timeout_ms', allowed: 30, unit: 'ms' } },
    call: { instance_id: null, version: '1.0.0' },
  });
  expect(late.call.queue_ms).toBeGreaterThanOrEqual(30);
  const gone = new AbortController();
  const waiting = host.call({ plugin: 'worker', tool: 'answer', signal: gone.signal });
  gone.abort();
  expect(codeOf(await waiting)).toBe('CALL_CANCELLED');
  cancelling.abort();
  await holding;
  expect(host.health('worker')).toMatchObject({ error_count: 0 });
  expect(codeOf(await host.call({ plugin: 'worker', tool: 'answer' }))).toBe('ok');
});

test('a call that would be refused anyway does not wait to hear so', async () => {
  await using host = await openHost(1);
  const cancelling = new AbortController();
  const holding = host.call({ plugin: 'worker', tool: 'hang', signal: cancelling.signal });
  expect(codeOf(await host.call({ plugin: 'nobody', tool: 'answer' }))).toBe('PLUGIN_NOT_FOUND');
  expect(codeOf(await host.call({ plugin: 'worker', tool: 'answer', params: 'x' }))).toBe('PARAMS_INVALID');
  cancelling.abort();
  await holding;
});

test('a plugin that is taken out while a call waits for room is not run by it', async () => {
  await using host = await openHost(1);
  await host.install(await folders.write('other', toolsSource({ answer: 'return 1;' })));
  const cancelling = new AbortController();
  const holding = host.call({ plugin: 'worker', tool: 'hang', signal: cancelling.signal });
  const waiting = host.call({ plugin: 'other', tool: 'answer' });
  await host.uninstall('other');
  cancelling.abort();
  expect(codeOf(await waiting)).toBe('PLUGIN_NOT_FOUND');
  await holding;
});

test('a host that closes answers calls that wait for room', async () => {
  const host = await openHost(1);
  const holding = host.call({ plugin: 'worker', tool: 'hang' });
  const waiting = host.call({ plugin: 'worker', tool: 'answer' });
  await host.close();
  expect([codeOf(await holding), codeOf(await waiting)]).toEqual(['HOST_CLOSED', 'HOST_CLOSED']);
});
