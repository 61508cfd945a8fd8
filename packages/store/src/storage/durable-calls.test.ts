import { createHost, type CallRequest, type Host, type LedgerRow, type Storage } from '@bulkhead/host';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Database } from '../engine/database.ts';
import { ENGINES, emptyTables, openTestDatabase } from '../testing/index.ts';
import { openStorage } from './open-storage.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CODE = `export default { tools: [
  { name: 'answer', description: 'Answers.', parameters: { type: 'object' }, execute: () => 42 },
  { name: 'wait', description: 'Waits.', parameters: { type: 'object' }, execute: () => new Promise(() => {}) },
] };`;
const ALL = 100_000;

describe.each(ENGINES)('calls on %s', (engine) => {
  let database: Database;
  let storage: Storage;
  let root: string;
  let host: Host;

  beforeAll(async () => {
    database = await openTestDatabase(engine);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await emptyTables(database);
    root = await mkdtemp(join(tmpdir(), 'bulkhead-durable-calls-'));
    host = await start();
    for (const ledger of ['strict', 'batched']) await host.install(await writePlugin(ledger));
  });
  afterEach(async () => {
    await host.close();
    await rm(root, { recursive: true });
  });

  /** What the host that is started may spoil is its own; the database beneath goes on. */
  async function start(): Promise<Host> {
    storage = await openStorage({ ...database, close: async () => undefined });
    return createHost({ storage, dataDir: join(root, 'data'), spareCount: 0, tierMax: 'process' });
  }

  async function writePlugin(ledger: string): Promise<string> {
    const dir = join(root, ledger);
    await mkdir(dir);
    const manifest = { name: ledger, version: '1.0.0', description: 'Answers.', author: 'Tests', ledger };
    await writeFile(join(dir, 'plugin.json'), JSON.stringify(manifest));
    await writeFile(join(dir, 'main.js'), CODE);
    return dir;
  }

  const call = (plugin: string, tool = 'answer', more: Partial<CallRequest> = {}) =>
    host.call({ plugin, tool, ...more });

  const rowsOf = async (plugin: string): Promise<readonly LedgerRow[]> =>
    (await openStorage(database)).listCalls({ plugin, rowsMax: ALL });

  /** A host that is killed writes no more, and gives its data directory back. */
  async function killHost(): Promise<void> {
    const forget = async (): Promise<void> => undefined;
    Object.assign(storage, { addCalls: forget, putCalls: forget, settleKey: forget });
    await host.close();
  }

  test('strict: the guest sees a call once its start is stored, and a killed host leaves each of them to be ended', async () => {
    const gate = Promise.withResolvers<void>();
    const beneath = { ...storage };
    storage.addCalls = async (rows) => {
      await gate.promise;
      await beneath.addCalls(rows);
    };
    const waiting = call('strict', 'wait');
    await new Promise(setImmediate);
    expect([host.health('strict')?.state, await rowsOf('strict')]).toEqual(['INITIALIZED', []]);
    gate.resolve();
    await expect.poll(() => host.health('strict')?.state).toBe('RUNNING');
    expect(await rowsOf('strict')).toMatchObject([{ target: 'wait', outcome: null, ended_at: null }]);
    await killHost();
    const { call_id } = (await waiting).call;
    host = await start();
    expect(await rowsOf('strict')).toMatchObject([{ call_id, outcome: 'host_restart', code: 'HOST_CLOSED' }]);
  });

  test('strict: a start that is not stored in the time of the call refuses it, and the guest never sees it', async () => {
    const gate = Promise.withResolvers<void>();
    storage.addCalls = () => gate.promise;
    const outcome = await call('strict', 'answer', { timeoutMs: 50 });
    expect(outcome).toMatchObject({ error: { kind: 'unavailable', code: 'STORAGE_UNAVAILABLE', retryable: true } });
    expect(host.health('strict')).toMatchObject({ state: 'INITIALIZED', success_count: 0, error_count: 0 });
    gate.resolve();
  });

  test('batched: no call waits for the storage, many are one write, and each is there with its end', async () => {
    const writes: number[] = [];
    const beneath = { ...storage };
    for (const write of ['addCalls', 'putCalls'] as const) {
      storage[write] = (rows) => {
        writes.push(rows.length);
        return beneath[write](rows);
      };
    }
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => call('batched')));
    const ids = outcomes.map((outcome) => outcome.call.call_id);
    await expect.poll(async () => (await rowsOf('batched')).filter((row) => row.outcome === 'ok').length).toBe(200);
    expect((await rowsOf('batched')).map((row) => row.call_id).toSorted()).toEqual(ids.toSorted());
    expect(writes.length).toBeLessThanOrEqual(20);
  });

  test('batched: a call that lasts longer than a write is there as begun, and host_restart after a kill', async () => {
    const waiting = call('batched', 'wait');
    await expect.poll(() => rowsOf('batched')).toMatchObject([{ target: 'wait', outcome: null }]);
    await killHost();
    await waiting;
    host = await start();
    expect(await rowsOf('batched')).toMatchObject([{ target: 'wait', outcome: 'host_restart' }]);
  });

  test('a key outlives its host: an outcome is told again, and a call that was lost is host_restart, not running', async () => {
    const once = (tool: string) => call('batched', tool, { idempotencyKey: tool });
    const answered = await once('answer');
    const waiting = once('wait');
    await expect.poll(() => host.health('batched')?.state).toBe('RUNNING');
    await killHost();
    const { call_id } = (await waiting).call;
    host = await start();
    expect(await once('answer')).toEqual(answered);
    expect(await once('wait')).toMatchObject({ error: { kind: 'host_restart' }, call: { call_id, target: 'wait' } });
    expect(await rowsOf('batched')).toContainEqual(
      expect.objectContaining({ call_id, outcome: 'host_restart', target: 'wait' }),
    );
  });
});
