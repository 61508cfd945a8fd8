/**
 * Events between plugins on two hosts that share one PostgreSQL: what is published on one is heard on the other.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import { openStore } from '@bulkhead/store';
import { openTestServer, queryServer } from '@bulkhead/store/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openScratch } from '../support/scratch.ts';

// Two hosts and a database start on what may be a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const SOURCE = `const heard = [];
const tool = (name, execute) => ({ name, description: name, parameters: { type: 'object' }, execute });
export default { tools: [
  tool('listen', async ({ pattern }, { events }) => { await events.subscribe(pattern, (event) => heard.push(event)); }),
  tool('publish', ({ type, data }, { events }) => events.publish(type, data)),
  tool('store', ({ content }, { memory }) => memory.store(content)),
  tool('heard', () => heard),
] };`;

const cleanup = new AsyncDisposableStack();
let root: string;
let url: string;
let here: Host;
let there: Host;

beforeAll(async () => {
  root = cleanup.use(await openScratch('events-nodes')).path;
  url = await cleanup.use(await openTestServer()).createDatabase();
  here = cleanup.use(await start('here'));
  there = cleanup.use(await start('there'));
  for (const name of ['shop', 'audit']) await install(name);
});
afterAll(() => cleanup.disposeAsync());

function start(name: string): Promise<Host> {
  const dataDir = join(root, name);
  const storage = () => openStore({ url, dataDir, log: { warn: () => undefined } });
  return createHost({ storage, dataDir, spareCount: 0, tierMax: 'process' });
}

/** Installed on one host, and so on both. */
async function install(name: string): Promise<void> {
  const dir = join(root, 'plugins', name);
  await mkdir(dir, { recursive: true });
  const about = { name, version: '1.0.0', description: 'A test’s.', author: 'Tests', required_permissions: ['events'] };
  await writeFile(join(dir, 'plugin.json'), JSON.stringify(about));
  await writeFile(join(dir, 'main.js'), SOURCE);
  for (const tenant of ['acme', 'other']) await here.install(dir, { tenant, grant: ['events'] });
}

type Asked = { readonly params?: object; readonly tenant?: string };

async function ask(
  host: Host,
  [plugin, tool]: readonly [string, string],
  { params = {}, tenant = 'acme' }: Asked = {},
): Promise<unknown> {
  const outcome = await host.call({ plugin, tool, params, tenant });
  return outcome.ok ? outcome.value : outcome.error;
}

const publish = (host: Host, data: unknown, tenant = 'acme'): Promise<unknown> =>
  ask(host, ['shop', 'publish'], { params: { type: 'order.paid', data }, tenant });
const heard = async (host: Host, tenant = 'acme'): Promise<readonly unknown[]> =>
  ((await ask(host, ['audit', 'heard'], { tenant })) as readonly { data: unknown }[]).map(({ data }) => data); // As the plugin says.
const rows = async (): Promise<number> =>
  Number((await queryServer(url, 'select count(*) as count from plugin_events'))[0]?.['count']);
/** Ends every connection that listens, as a network that went away does; answers how many there were. */
const cut = async (): Promise<number> => {
  const ended = await queryServer(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and (query like 'listen %' or query = 'select 1')`,
  );
  return ended.length;
};

test('what is published on one node is heard on the other, of the same tenant alone, and once on its own [F004-4]', async () => {
  for (const host of [here, there]) {
    for (const tenant of ['acme', 'other']) await ask(host, ['audit', 'listen'], { params: { pattern: '**' }, tenant });
  }
  await publish(here, 1);
  await publish(there, 2);
  await publish(there, 3, 'other');
  for (const host of [here, there]) {
    await expect.poll(async () => new Set(await heard(host)), { timeout: 5_000 }).toEqual(new Set([1, 2]));
    await expect.poll(() => heard(host, 'other'), { timeout: 5_000 }).toEqual([3]);
  }
  const [first] = (await ask(there, ['audit', 'heard'])) as readonly unknown[];
  expect([first]).toEqual([
    expect.objectContaining({
      type: 'order.paid',
      source: 'shop',
      tenant_id: 'acme',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    }),
  ]);
});

test('what is stored in memory on one node is told on the other, and each call to its own alone', async () => {
  for (const pattern of ['memory.*', 'tool.*']) await ask(there, ['shop', 'listen'], { params: { pattern } });
  const id = await ask(here, ['shop', 'store'], { params: { content: 'kept' } });
  const told = async (): Promise<readonly { type: string; data: object }[]> =>
    (await ask(there, ['shop', 'heard'])) as readonly { type: string; data: object }[]; // As the plugin says.
  await expect
    .poll(async () => (await told()).filter(({ type }) => type === 'memory.stored').map(({ data }) => data), {
      timeout: 5_000,
    })
    .toEqual([{ plugin: 'shop', id, tags: [] }]);
  expect(JSON.stringify(await told())).not.toContain('"tool":"store"');
});

test('while the connections that listen are cut again and again, no event is missed and none comes twice', async () => {
  const before = (await heard(there)).length;
  const numbers = Array.from({ length: 60 }, (_, index) => 100 + index);
  let ended = 0;
  for (const number of numbers) {
    await publish(here, number);
    if (number % 3 === 0) ended += await cut();
  }
  expect(ended).toBeGreaterThan(2);
  await expect.poll(async () => (await heard(there)).slice(before), { timeout: 10_000 }).toEqual(numbers);
});

test('where no other node lives nothing is kept for it', async () => {
  await there[Symbol.asyncDispose]();
  const before = await rows();
  await publish(here, 'alone');
  await expect.poll(() => heard(here)).toContain('alone');
  await here.close(); // Whatever waited to be written has been.
  expect(await rows()).toBe(before);
});
