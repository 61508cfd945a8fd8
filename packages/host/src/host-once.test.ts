import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import { HostError } from './base/host-error.ts';
import type { CallRequest } from './calls-api.ts';
import type { Host } from './host-api.ts';
import { createMemoryStorage } from './storage/memory.ts';
import type { Storage } from './storage/port.ts';

let folders: PluginFolders;
let storage: Storage;
let host: Host;

const COUNT = '{ const runs = globalThis.runs = (globalThis.runs ?? 0) + 1;';
const TOOLS = {
  count: `${COUNT} return { runs }; }`,
  fail: `${COUNT} throw new Error(String(runs)); }`,
  wait: 'await new Promise(() => {});',
};
const NUMBER = "{ type: 'object', properties: { n: { type: 'number' } } }";

beforeEach(async () => {
  folders = await createPluginFolders();
  // It outlives its host, as a database does.
  storage = { ...createMemoryStorage(), close: async () => undefined };
  host = await openTestHost({ storage, dataDir: join(folders.root, 'data') });
  await host.install(await folders.write('counter', toolsSource(TOOLS, { count: NUMBER })));
});
afterEach(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

const call = (idempotencyKey: string, request: Partial<CallRequest> = {}) =>
  host.call({ plugin: 'counter', tool: 'count', idempotencyKey, ...request });

const ledger = async (): Promise<readonly unknown[]> => {
  const rows = await storage.listCalls({ plugin: 'counter', rowsMax: 10 });
  return rows.map(({ call_id, outcome }) => [call_id, outcome]);
};

test('a key and params that were used are answered the outcome of their call, whose id is the one in the ledger', async () => {
  const first = await call('replay', { params: { n: 1, m: [2] } });
  expect(await call('replay', { params: { m: [2], n: 1 } })).toEqual(first);
  const another = await call('another');
  expect(another).toMatchObject({ value: { runs: 2 } });
  await expect.poll(ledger).toContainEqual([another.call.call_id, 'ok']); // It ended last, and may be written later.
  await expect.poll(ledger).toContainEqual([first.call.call_id, 'ok']);
  expect(await ledger()).toHaveLength(2);
});

test('a failure is answered again, too: the plugin ran', async () => {
  const first = await call('failure', { tool: 'fail' });
  expect(first).toMatchObject({ error: { code: 'PLUGIN_THREW', message: expect.stringContaining('1') as string } });
  expect(await call('failure', { tool: 'fail' })).toEqual(first);
});

test('a key with other params is a conflict, and one whose call has not ended says so', async () => {
  await call('conflict', { params: { n: 1 } });
  expect(await call('conflict', { params: { n: 2 } })).toMatchObject({ error: { code: 'IDEMPOTENCY_CONFLICT' } });
  const waiting = call('running', { tool: 'wait' });
  await expect.poll(() => host.health('counter')?.state).toBe('RUNNING');
  expect(await call('running', { tool: 'wait' })).toMatchObject({ error: { code: 'IDEMPOTENCY_RUNNING' } });
  await host.close();
  expect(await waiting).toMatchObject({ error: { code: 'HOST_CLOSED' } });
});

test.each([
  ['params that do not fit', { params: { n: 'one' } }, 'PARAMS_INVALID'],
  ['a caller who has left', { signal: AbortSignal.abort() }, 'CALL_CANCELLED'],
])('a call that did not run frees its key: %s', async (_why, request, code) => {
  expect(await call('freed', request)).toMatchObject({ error: { code } });
  expect(await call('freed', { params: { n: 2 } })).toMatchObject({ value: { runs: 1 } });
});

test('a time limit that is none is refused as such, however long the storage takes', async () => {
  storage.claimKey = () => new Promise(() => undefined);
  expect(await call('untimed', { timeoutMs: 0 })).toMatchObject({ error: { code: 'TIMEOUT_INVALID' } });
});

test.each([
  ['', 'REQUEST_INVALID'],
  ['k'.repeat(257), 'REQUEST_INVALID'],
])('a key of the wrong length is refused', async (key, code) => {
  expect(await call(key)).toMatchObject({ error: { code } });
});

test('params of an embedder that are no JSON are refused, since nobody could tell them from others', async () => {
  const own: Record<string, unknown> = {};
  own['self'] = own;
  expect(await call('round', { params: own })).toMatchObject({ error: { code: 'PARAMS_INVALID' } });
});

test('an outcome that the storage could not keep is kept once it answers again', async () => {
  const away = new HostError('STORAGE_UNAVAILABLE');
  const beneath = { ...storage };
  storage.settleKey = async () => Promise.reject(away);
  const first = await call('kept later');
  expect(first).toMatchObject({ ok: true });
  expect(await call('kept later')).toMatchObject({ error: { code: 'IDEMPOTENCY_RUNNING' } });
  storage.settleKey = (callId, outcome) => beneath.settleKey(callId, outcome);
  await expect.poll(() => call('kept later')).toEqual(first);
});

test('a key that the storage claims after the call has given up is free again', async () => {
  const gate = Promise.withResolvers<void>();
  const beneath = { ...storage };
  storage.claimKey = async (claim) => {
    await gate.promise;
    return beneath.claimKey(claim);
  };
  const late = await call('late', { timeoutMs: 50 });
  expect(late).toMatchObject({ error: { code: 'STORAGE_UNAVAILABLE', retryable: true } });
  gate.resolve();
  await expect.poll(async () => (await call('late')).ok).toBe(true);
});

test('the key of a call that was lost with its host is settled as host_restart at the next start, and so is its row', async () => {
  await call('warm'); // From now on there is a guest.
  await expect.poll(ledger).toMatchObject([[expect.any(String), 'ok']]);
  const beneath = { ...storage };
  // A host that is killed writes no more.
  storage.settleKey = async () => undefined;
  storage.addCalls = async () => undefined;
  storage.putCalls = async () => undefined;
  const waiting = call('lost', { tool: 'wait' });
  await expect.poll(() => host.health('counter')?.state).toBe('RUNNING');
  await host.close();
  const { call_id } = (await waiting).call;
  storage = beneath;
  host = await openTestHost({ storage, dataDir: join(folders.root, 'data') });
  expect(await call('lost', { tool: 'wait' })).toMatchObject({
    error: { kind: 'host_restart', code: 'HOST_CLOSED', message: expect.stringContaining('nobody knows') as string },
    call: { call_id, plugin: 'counter', target: 'wait', tenant: 'default' },
  });
  expect(await ledger()).toMatchObject([
    [call_id, 'host_restart'],
    [expect.any(String), 'ok'],
  ]);
});
