import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminOf, type Admin } from '../admin-fixture.ts';
import { startServer, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

const MAIN = `export default { tools: [] };`;
const PLUGINS = {
  base: { capabilities: ['storage'] },
  middle: { dependencies: ['base'], capabilities: ['math', 'storage'] },
  top: { dependencies: ['middle>=1.0.0', 'base'] },
  aside: {},
};

let started: TestServer;
let admin: Admin;
const written: TestPlugin[] = [];

beforeAll(async () => {
  started = await startServer();
  for (const [name, manifest] of Object.entries(PLUGINS)) {
    const plugin = await writePlugin(name, MAIN, manifest);
    written.push(plugin);
    await started.host.install(plugin.dir, { tenant: 'default' });
  }
  admin = adminOf(started.url);
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  for (const plugin of written) await plugin[Symbol.asyncDispose]();
});

/** A new tenant with all of the plugins enabled, and requests of its admin. */
async function newTenant(name: string): Promise<Admin['ask']> {
  const token = await admin.makeToken(await admin.makeTenant(name), 'admin');
  const ask: Admin['ask'] = (method, path, request = {}) => admin.ask(method, path, { token, ...request });
  for (const plugin of Object.keys(PLUGINS)) await ask('POST', `/api/v1/plugins/${plugin}/enable`);
  return ask;
}

async function enabledOf(ask: Admin['ask']): Promise<readonly string[]> {
  const rows = (await ask('GET', '/api/v1/plugins')).body['registered'] as readonly {
    readonly plugin_name: string;
    readonly enabled: boolean;
  }[]; // Its schema.
  return rows.flatMap((row) => (row.enabled ? [row.plugin_name] : [])).toSorted();
}

test('a plugin that others need is not disabled, and the answer names them', async () => {
  const ask = await newTenant('careful');
  expect(await ask('POST', '/api/v1/plugins/base/disable')).toMatchObject({
    status: 409,
    body: {
      code: 'DEPENDENTS_ENABLED',
      detail: 'plugin "base" is needed by "top", "middle", enabled for this tenant',
      hint: 'Disable those first, or all at once: `bulkhead disable base --cascade`.',
    },
  });
  expect(await enabledOf(ask)).toEqual(['aside', 'base', 'middle', 'top']);
  for (const name of ['aside', 'top', 'middle', 'base']) {
    expect(await ask('POST', `/api/v1/plugins/${name}/disable`)).toMatchObject({ status: 200 });
  }
});

test('with cascade what needs it is disabled first, each with its line of the audit log', async () => {
  const ask = await newTenant('thorough');
  const answer = await ask('POST', '/api/v1/plugins/base/disable', { body: { cascade: true } });
  expect(answer).toMatchObject({ status: 200, body: { plugin_name: 'base', enabled: false } });
  expect(await enabledOf(ask)).toEqual(['aside']);
  const { entries } = (await ask('GET', '/api/v1/audit')).body as {
    readonly entries: readonly { readonly action: string; readonly resource: string }[];
  };
  const disabled = entries.filter(({ action }) => action === 'plugin.disable').map(({ resource }) => resource);
  expect(disabled).toEqual(['plugin top', 'plugin middle', 'plugin base']);
});

test('what another tenant has enabled keeps no plugin enabled here', async () => {
  await newTenant('first');
  const ask = await newTenant('second');
  for (const name of ['top', 'middle', 'base']) {
    expect(await ask('POST', `/api/v1/plugins/${name}/disable`)).toMatchObject({ status: 200 });
  }
});

test('plugins are looked up by a capability that they advertise', async () => {
  const ask = await newTenant('looker');
  const found = async (tag: string): Promise<readonly unknown[]> =>
    (
      (await ask('GET', `/api/v1/plugins?capability=${tag}`)).body['available'] as readonly { readonly name: string }[]
    ).map(({ name }) => name);
  expect(await found('storage')).toEqual(['base', 'middle']);
  expect(await found('math')).toEqual(['middle']);
  expect(await found('nothing')).toEqual([]);
});
