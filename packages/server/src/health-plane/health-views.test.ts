import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PluginHealth } from '@bulkhead/protocol';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { startServer, writePlugin, TOKEN, type TestPlugin, type TestServer } from '../server-fixture.ts';

const MAIN = `export default { tools: [
  { name: 'fail', description: 'Throws.', parameters: { type: 'object' },
    execute: () => { throw new TypeError('no such row: customer 4711'); } },
  { name: 'pass', description: 'Does not.', parameters: { type: 'object' }, execute: () => 1 },
] };`;

let started: TestServer;
let admin: Admin;
let plugin: TestPlugin;
beforeAll(async () => {
  plugin = await writePlugin('thrower', MAIN);
  started = await startServer();
  await started.host.install(plugin.dir, { tenant: 'default' });
  admin = adminOf(started.url);
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  await plugin[Symbol.asyncDispose]();
});

/** What a caller sees of the plugin, alone and in the list, which agree; undefined where it is not shown. */
async function seenBy(token: string | undefined): Promise<PluginHealth | undefined> {
  const init = token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } };
  const [list, one] = await Promise.all([
    fetch(`${started.url}/v1/plugins`, init),
    fetch(`${started.url}/v1/plugins/thrower/health`, init),
  ]);
  expect(list.status).toBe(200);
  const listed = ((await list.json()) as readonly PluginHealth[]).find(({ name }) => name === 'thrower');
  expect(one.status).toBe(listed === undefined ? 404 : 200);
  const facts = ({ state, health, reason, error_count }: PluginHealth): unknown[] => [
    state,
    health,
    reason,
    error_count,
  ];
  if (listed !== undefined) expect(facts((await one.json()) as PluginHealth)).toEqual(facts(listed));
  return listed;
}

async function newTenant(name: string): Promise<{ readonly id: string; readonly token: string }> {
  const id = await admin.makeTenant(name);
  const token = await admin.makeToken(id, 'admin');
  await admin.ask('POST', '/api/v1/plugins/thrower/enable', { token });
  return { id, token };
}

test('thrown text is for the platform and, in its own scope, for the tenant whose call it was; counters are those of the scope', async () => {
  const failing = await newTenant('failing');
  const passing = await newTenant('passing');
  await admin.ask('POST', '/v1/tools/thrower/fail/call', { token: failing.token, body: {} });
  await admin.ask('POST', '/v1/tools/thrower/pass/call', { token: passing.token, body: {} });

  const own = await seenBy(failing.token);
  expect(own).toMatchObject({ state: 'FAILED', success_count: 0, error_count: 1 });
  expect(own?.reason).toContain('customer 4711');

  const other = await seenBy(passing.token);
  expect(other).toMatchObject({ state: 'INITIALIZED', success_count: 1, error_count: 0 });
  expect(other).not.toHaveProperty('reason');

  const nobody = await seenBy(undefined);
  expect(nobody).toMatchObject({ state: 'FAILED', success_count: 1, error_count: 1 });
  expect(nobody?.reason).toMatch(/^PLUGIN_THREW: /);
  expect(nobody?.reason).not.toContain('4711');

  expect((await seenBy(TOKEN))?.reason).toContain('customer 4711');
});

test('with a second tenant a loopback bind shows thrown text to nobody without a token', async () => {
  await using own = await startServer({ plugins: [plugin.dir] });
  const { ask, makeTenant } = adminOf(own.url);
  await ask('POST', '/v1/tools/thrower/fail/call', { body: {} });
  const reason = async (): Promise<string | undefined> =>
    ((await (await fetch(`${own.url}/v1/plugins/thrower/health`)).json()) as PluginHealth).reason;
  expect(await reason()).toContain('customer 4711');
  await makeTenant('second');
  expect(await reason()).not.toContain('customer 4711');
});

test('[X004-2] a plugin that a tenant has disabled is disabled for that tenant, and for nobody else', async () => {
  const { token } = await newTenant('disabling');
  await admin.ask('POST', '/api/v1/plugins/thrower/disable', { token });
  expect(await seenBy(token)).toMatchObject({ health: 'disabled' });
  expect((await seenBy(undefined))?.health).not.toBe('disabled');
});
