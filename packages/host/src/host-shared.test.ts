import type { Outcome } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

let folders: PluginFolders;

beforeAll(async () => {
  folders = await createPluginFolders();
  const source = toolsSource({
    who: 'return { tenant: context.tenantId, config: context.config, loaded };',
    say: 'console.log(`out of ${params.text}`); context.logger.info(`line of ${params.text}`); return "said";',
    wait: 'await new Promise((resolve) => setTimeout(resolve, params.ms)); return "waited";',
    exit: 'setTimeout(() => process.exit(3), 20); await new Promise(() => {});',
    throw_aside: 'queue.push(() => { throw new Error(`secret of ${params.text}`); }); return "thrown aside";',
  });
  const whole = `let loaded: unknown;
    const queue: (() => void)[] = [];
    setInterval(() => { const next = queue.shift(); if (next !== undefined) next(); }, 10);
    ${source.replace('export default {', 'export default { onLoad(context: any) { loaded = { tenant: context.tenantId, config: context.config }; },')}`;
  await folders.write('pool', whole, {
    sandbox: { scope: 'shared' },
    config: { unit: 'm' },
    limits: { instances: 1, concurrency: 2, timeout_ms: 5_000 },
  });
});

afterAll(() => folders[Symbol.asyncDispose]());

/** A host with the plugin for everybody, shared where the operator lets it be. */
async function openHost(sharedPlugins: readonly string[] = ['pool']): Promise<Host> {
  const host = await openTestHost({ sharedPlugins });
  await host.install(`${folders.root}/pool`);
  return host;
}

const codeOf = (outcome: Outcome): string => (outcome.ok ? 'ok' : outcome.error.code);
const textsOf = (host: Host, tenant: string, isPlatform = false): string =>
  host.logs
    .read('pool', { tenant, linesMax: 100, isPlatform })
    .lines.map(({ text }) => text)
    .join('\n');

test('one instance serves every tenant, and a call knows the tenant and the configuration that it is for', async () => {
  await using host = await openHost();
  await host.registrations.enable('pool', { tenant: 'acme', config: { unit: 'ft' } });
  const loaded = { tenant: '*shared', config: { unit: 'm' } };
  const acme = await host.call({ plugin: 'pool', tool: 'who', tenant: 'acme' });
  const other = await host.call({ plugin: 'pool', tool: 'who', tenant: 'other' });
  expect([acme, other]).toMatchObject([
    { ok: true, value: { tenant: 'acme', config: { unit: 'ft' }, loaded }, call: { tenant: 'acme' } },
    { ok: true, value: { tenant: 'other', config: { unit: 'm' }, loaded }, call: { tenant: 'other' } },
  ]);
  expect(other.call.instance_id).toBe(acme.call.instance_id);
  await host.registrations.configure('pool', { unit: 'yd' }, { tenant: 'acme' });
  expect(await host.call({ plugin: 'pool', tool: 'who', tenant: 'acme' })).toMatchObject({
    value: { config: { unit: 'yd' } },
    call: { instance_id: acme.call.instance_id },
  });
});

test('where the operator does not allow it, each tenant has instances of its own', async () => {
  await using host = await openHost([]);
  const acme = await host.call({ plugin: 'pool', tool: 'who', tenant: 'acme' });
  const other = await host.call({ plugin: 'pool', tool: 'who', tenant: 'other' });
  expect(acme).toMatchObject({ ok: true, value: { tenant: 'acme', loaded: { tenant: 'acme' } } });
  expect(other.call.instance_id).not.toBe(acme.call.instance_id);
});

test('a permission of the operator shares nothing that does not ask for it', async () => {
  await using host = await openTestHost({ sharedPlugins: ['own'] });
  await host.install(await folders.write('own', toolsSource({ who: 'return context.tenantId;' })));
  const acme = await host.call({ plugin: 'own', tool: 'who', tenant: 'acme' });
  const other = await host.call({ plugin: 'own', tool: 'who', tenant: 'other' });
  expect([acme, other]).toMatchObject([{ value: 'acme' }, { value: 'other' }]);
  expect(other.call.instance_id).not.toBe(acme.call.instance_id);
});

test('a tenant whose calls end the instance is held back by its own breaker, and another goes on', async () => {
  await using host = await openHost();
  for (let death = 0; death < 3; death += 1) {
    const beside = host.call({ plugin: 'pool', tool: 'wait', params: { ms: 2_000 }, tenant: 'calm' });
    await expect.poll(() => host.health('pool', { scope: 'calm', showThrownText: true })?.state).toBe('RUNNING');
    expect(codeOf(await host.call({ plugin: 'pool', tool: 'exit', tenant: 'rude' }))).toBe('GUEST_EXITED');
    expect(codeOf(await beside)).toBe('GUEST_LOST');
  }
  expect(codeOf(await host.call({ plugin: 'pool', tool: 'who', tenant: 'rude' }))).toBe('BREAKER_OPEN');
  expect(codeOf(await host.call({ plugin: 'pool', tool: 'who', tenant: 'calm' }))).toBe('ok');
  const view = (scope: string): unknown => host.health('pool', { scope, showThrownText: true });
  expect(view('rude')).toMatchObject({ error_count: 3, breaker: 'open', state: 'FAILED' });
  expect(view('calm')).toMatchObject({ error_count: 0, breaker: 'closed', state: 'INITIALIZED' });
});

test('a call that runs out of time and does not let go counts against its own tenant alone', async () => {
  await using host = await openTestHost({ sharedPlugins: ['short'] });
  const source = toolsSource({ spin: 'while (true);', answer: 'return 42;' });
  const manifest = { sandbox: { scope: 'shared' }, limits: { timeout_ms: 1_000 } };
  await host.install(await folders.write('short', source, manifest));
  for (let death = 0; death < 3; death += 1) {
    expect(codeOf(await host.call({ plugin: 'short', tool: 'spin', tenant: 'rude' }))).toBe('CALL_TIMEOUT');
    await expect.poll(async () => (await host.debug('short', PLATFORM)).instances.length).toBe(0);
  }
  expect(codeOf(await host.call({ plugin: 'short', tool: 'answer', tenant: 'rude' }))).toBe('BREAKER_OPEN');
  expect(codeOf(await host.call({ plugin: 'short', tool: 'answer', tenant: 'calm' }))).toBe('ok');
});

const PLATFORM = { tenant: 'default', isPlatform: true };

test('what is said for one tenant is in no other’s report and log, but in the platform’s', async () => {
  await using host = await openHost();
  const beside = host.call({ plugin: 'pool', tool: 'wait', params: { ms: 500 }, tenant: 'other' });
  const said = await host.call({ plugin: 'pool', tool: 'say', params: { text: 'acme' }, tenant: 'acme' });
  expect([said, await beside].map(({ call }) => [call.stdout, call.stderr])).toEqual([
    ['', ''],
    ['', ''],
  ]);
  await expect.poll(() => textsOf(host, 'default', true)).toMatch(/out of acme/);
  expect(textsOf(host, 'default', true)).toContain('line of acme');
  for (const tenant of ['other', 'acme', 'default']) expect(textsOf(host, tenant)).not.toContain('of acme');
});

test('what the plugin throws outside of every call is told to the platform; tenants learn that it ended', async () => {
  await using host = await openHost();
  const beside = host.call({ plugin: 'pool', tool: 'wait', params: { ms: 2_000 }, tenant: 'other' });
  await host.call({ plugin: 'pool', tool: 'throw_aside', params: { text: 'acme' }, tenant: 'acme' });
  const lost = await beside;
  expect(codeOf(lost)).toBe('GUEST_UNCAUGHT');
  expect(JSON.stringify(lost)).not.toContain('secret of acme');
  for (const tenant of ['other', 'acme']) {
    expect(JSON.stringify(host.health('pool', { scope: tenant, showThrownText: true }))).not.toContain('secret');
    expect(textsOf(host, tenant)).not.toContain('secret');
  }
  expect(textsOf(host, 'default', true)).toContain('secret of acme');
});

test('a death that no call is to blame for counts for everybody who runs it', async () => {
  await using host = await openHost();
  for (const tenant of ['acme', 'other']) await host.call({ plugin: 'pool', tool: 'who', tenant });
  for (let death = 0; death < 3; death += 1) {
    await host.call({ plugin: 'pool', tool: 'throw_aside', params: { text: 'acme' }, tenant: 'acme' });
    await expect.poll(async () => (await host.debug('pool', PLATFORM)).instances.length).toBe(0);
  }
  for (const tenant of ['acme', 'other']) {
    expect(codeOf(await host.call({ plugin: 'pool', tool: 'who', tenant }))).toBe('BREAKER_OPEN');
  }
});

test('a tenant that floods the queue fills its own part of it, and another’s call has its turn', async () => {
  await using host = await openHost();
  const slow = (tenant: string): Promise<Outcome> =>
    host.call({ plugin: 'pool', tool: 'wait', params: { ms: 30 }, tenant });
  await slow('flood');
  const codes: string[] = [];
  const flood = Array.from({ length: 2 + 1_024 + 5 }, async () => codes.push(codeOf(await slow('flood'))));
  expect(await slow('calm')).toMatchObject({ ok: true });
  expect(codes.filter((code) => code === 'HOST_OVERLOADED')).toHaveLength(5);
  expect(codes.filter((code) => code === 'ok').length).toBeLessThan(20);
  await host.close();
  await Promise.all(flood);
});

test('a tenant sees neither the instances that others use nor what waits for them; the platform does', async () => {
  await using host = await openHost();
  const calls = Array.from({ length: 3 }, () =>
    host.call({ plugin: 'pool', tool: 'wait', params: { ms: 700 }, tenant: 'acme' }),
  );
  await expect.poll(async () => (await host.debug('pool', PLATFORM)).waiting_calls).toBe(1);
  expect(await host.debug('pool', PLATFORM)).toMatchObject({ instances: [{ calls_in_flight: 2, scope: 'shared' }] });
  expect(await host.debug('pool', { tenant: 'other', isPlatform: false })).toMatchObject({
    instances: [],
    waiting_calls: 0,
  });
  expect(await host.debug('pool', { tenant: 'acme', isPlatform: false })).toMatchObject({
    instances: [],
    waiting_calls: 1,
  });
  await Promise.all(calls);
});

test('a tenant that reloads or leaves ends nobody else’s instance; the platform’s reload ends it for all', async () => {
  await using host = await openHost();
  const first = await host.call({ plugin: 'pool', tool: 'who', tenant: 'acme' });
  await host.renew('pool', 'acme');
  await host.registrations.enable('pool', { tenant: 'other' });
  await host.registrations.disable('pool', { tenant: 'other' });
  const second = await host.call({ plugin: 'pool', tool: 'who', tenant: 'acme' });
  expect(second.call.instance_id).toBe(first.call.instance_id);
  await host.reload('pool');
  const third = await host.call({ plugin: 'pool', tool: 'who', tenant: 'acme' });
  expect(third).toMatchObject({ ok: true });
  expect(third.call.instance_id).not.toBe(first.call.instance_id);
});

test('memory that a shared instance holds is held against no tenant’s quota', async () => {
  await using host = await openTestHost({ sharedPlugins: ['pool'], tenants: 'explicit' });
  await host.install(`${folders.root}/pool`);
  const { id: tenant } = await host.tenants.create({ name: 'thin', quota: { memory_mb_minutes_per_minute: 0.01 } });
  for (let call = 0; call < 3; call += 1) {
    expect(codeOf(await host.call({ plugin: 'pool', tool: 'wait', params: { ms: 1_200 }, tenant }))).toBe('ok');
  }
});

test('a hook of a shared plugin is asked in the name of the tenant whose call it is', async () => {
  await using host = await openTestHost({ sharedPlugins: ['watcher'] });
  const code = `export default { hooks: { async before_tool_call(data: any, context: any) {
    return { ...data, params: { seen: context.tenantId, config: context.config } }; } } };`;
  const sandbox = { scope: 'shared' };
  await host.install(await folders.write('watcher', code, { sandbox, hooks: ['before_tool_call'] }));
  await host.install(await folders.write('echo', toolsSource({ say: 'return params;' })));
  await host.registrations.enable('watcher', { tenant: 'acme', config: { loud: true } });
  const said = (tenant: string): Promise<Outcome> => host.call({ plugin: 'echo', tool: 'say', tenant });
  expect(await said('acme')).toMatchObject({ value: { seen: 'acme', config: { loud: true } } });
  expect(await said('other')).toMatchObject({ value: { seen: 'other', config: {} } });
});
