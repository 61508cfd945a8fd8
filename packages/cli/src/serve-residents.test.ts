import { join } from 'node:path';
import { startPostgres } from '@bulkhead/store/testing';
import { expect, test, vi } from 'vitest';
import { makeFolder, serve, writePlugin, type Folder, type Served } from './cli-fixture.ts';

// Servers and databases start on what may be a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const PLATFORM = 'a-platform-token-that-all-nodes-have';

/** Works in a thread from the moment that it is loaded, and tells of it. */
const TICKER = `export default { async onLoad({ threads, events, logger }) {
  await threads.start('tick', async () => { logger.info('worked'); await events.publish('clock.ticked', { pid: process.pid }); }, { intervalMs: 50 });
} };`;
/** Hears from the moment that it is loaded; what it heard tells whether it lived before it was called. */
const HEARER = `const heard = new Set();
export default {
  async onLoad({ events }) { await events.subscribe('clock.*', ({ data }) => void heard.add(data.pid)); },
  tools: [{ name: 'heard', description: 'From whom it heard.', parameters: { type: 'object' }, execute: () => [...heard] }],
};`;
const GRANTS = ['--grant', 'ticker=threads,events', '--grant', 'hearer=events'];

async function writeResidents(folder: Folder): Promise<string> {
  const plugins = join(folder.path, 'plugins');
  const ticking = { required_permissions: ['threads', 'events'] };
  await writePlugin(plugins, { name: 'ticker', main: TICKER, manifest: ticking });
  await writePlugin(plugins, { name: 'hearer', main: HEARER, manifest: { required_permissions: ['events'] } });
  return plugins;
}

async function ask<Answer>(served: Served, [method, path]: readonly [string, string]): Promise<Answer> {
  const headers = { authorization: `Bearer ${PLATFORM}`, 'content-type': 'application/json' };
  const response = await fetch(served.ready.url + path, { method, headers, ...(method === 'POST' && { body: '{}' }) });
  return (await response.json()) as Answer; // Each test says what it looks at.
}

type Debug = {
  readonly instances: readonly { readonly pid: number; readonly state: string }[];
  readonly threads: readonly { readonly name: string; readonly state: string }[];
};

const debugOf = (served: Served, plugin: string): Promise<Debug> =>
  ask(served, ['GET', `/api/v1/plugins/${plugin}/debug`]);
const admin = (served: Served, below: string): Promise<unknown> => ask(served, ['POST', `/api/v1/plugins/${below}`]);

/** Pid of the one instance that works, without a call. */
async function workingPid(served: Served): Promise<number> {
  const threads = async () => (await debugOf(served, 'ticker')).threads;
  await expect.poll(threads).toMatchObject([{ name: 'tick', state: 'running' }]);
  const { instances } = await debugOf(served, 'ticker');
  expect(instances).toMatchObject([{ state: 'serving' }]);
  return instances[0]?.pid ?? 0;
}

/** How often it worked since, as its log tells. */
async function workOf(served: Served): Promise<number> {
  const { lines } = await ask<{ readonly lines: readonly { readonly text: string }[] }>(served, [
    'GET',
    '/api/v1/plugins/ticker/logs',
  ]);
  return lines.filter(({ text }) => text === 'worked').length;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function expectNothing(served: Served, pid: number): Promise<void> {
  await expect.poll(async () => (await debugOf(served, 'ticker')).instances).toEqual([]);
  expect((await debugOf(served, 'ticker')).threads).toEqual([]);
  await expect.poll(() => isAlive(pid)).toBe(false);
}

test('[X004-7] its thread runs at the start of a server, without a call, and again after a restart on the same data', async () => {
  await using folder = await makeFolder();
  const data = ['--data', join(folder.path, 'data')];
  const env = { BULKHEAD_TOKEN: PLATFORM };
  const first = await serve(['--plugins', await writeResidents(folder), ...GRANTS, ...data], { env });
  const pid = await workingPid(first);
  await expect.poll(() => workOf(first)).toBeGreaterThan(3);
  const heard = ['POST', '/v1/tools/hearer/heard/call'] as const;
  expect(await ask(first, heard)).toMatchObject({ ok: true, value: [expect.any(Number)] });
  await first[Symbol.asyncDispose]();
  expect(isAlive(pid)).toBe(false);

  await using second = await serve(data, { env });
  expect(await workingPid(second)).not.toBe(pid);
  await expect.poll(() => workOf(second)).toBeGreaterThan(3);
  expect(await ask(second, heard)).toMatchObject({ ok: true, value: [expect.any(Number)] });
});

test('after a disable nothing of it runs, nor after a restart, until it is enabled again', async () => {
  await using folder = await makeFolder();
  const args = ['--plugins', await writeResidents(folder), ...GRANTS, '--data', join(folder.path, 'data')];
  const env = { BULKHEAD_TOKEN: PLATFORM };
  const first = await serve(args, { env });
  const pid = await workingPid(first);
  await admin(first, 'ticker/disable');
  await expectNothing(first, pid);
  await first[Symbol.asyncDispose]();

  await using second = await serve(args, { env });
  expect((await debugOf(second, 'hearer')).instances).toHaveLength(1);
  expect((await debugOf(second, 'ticker')).instances).toEqual([]);
  await admin(second, 'ticker/enable');
  expect(await workingPid(second)).not.toBe(pid);
});

test('each of two nodes on one PostgreSQL has one that works, and a disable on one ends both', async () => {
  await using folder = await makeFolder();
  await using postgres = await startPostgres();
  const env = { BULKHEAD_TOKEN: PLATFORM, BULKHEAD_DATABASE_URL: postgres.url };
  const plugins = ['--plugins', await writeResidents(folder), ...GRANTS];
  await using here = await serve([...plugins, '--data', join(folder.path, 'here')], { env });
  await using there = await serve(['--data', join(folder.path, 'there')], { env });
  const [pidHere, pidThere] = [await workingPid(here), await workingPid(there)];
  expect(pidHere).not.toBe(pidThere);
  for (const node of [here, there]) {
    const heard = () => ask<{ readonly value: readonly number[] }>(node, ['POST', '/v1/tools/hearer/heard/call']);
    await expect.poll(async () => (await heard()).value.length).toBeGreaterThanOrEqual(1);
  }
  await admin(there, 'ticker/disable');
  await expectNothing(there, pidThere);
  await expectNothing(here, pidHere);
  await admin(here, 'ticker/enable');
  expect(await workingPid(there)).not.toBe(pidThere);
  expect(await workingPid(here)).not.toBe(pidHere);
});
