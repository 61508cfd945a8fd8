import { expect, test } from 'vitest';
import { createMemoryStorage } from '../storage/memory.ts';
import {
  createRecord,
  endRecord,
  hasJustBegun,
  storeCalls,
  takeBack,
  toLedgerRows,
  type CallRecord,
} from './call-record.ts';

const END = { digest: 'd', durationMs: 2.5, outcome: 'ok', code: null } as const;

function begun(callId: string): CallRecord {
  const startedWall = Date.UTC(2026, 0, 1);
  return createRecord({ callId, tenant: 'acme', plugin: 'a', target: 'add', startedWall, digest: null });
}

test('a call that has not ended when it is written is a row that says it has begun', () => {
  const { added, known } = toLedgerRows('node', [begun('1')]);
  expect(known).toEqual([]);
  expect(added).toEqual([
    {
      ...{ call_id: '1', node: 'node', tenant_id: 'acme', plugin_name: 'a', target: 'add', digest: null },
      ...{ started_at: '2026-01-01T00:00:00.000Z', ended_at: null, outcome: null, code: null, duration_ms: null },
    },
  ]);
});

test('a call that ended before it was written is one row, its end', () => {
  const record = begun('1');
  endRecord(record, END);
  const { added, known } = toLedgerRows('node', [record, record]);
  expect(known).toEqual([]);
  expect(added).toMatchObject([
    { call_id: '1', outcome: 'ok', ended_at: '2026-01-01T00:00:00.002Z', duration_ms: 2.5 },
  ]);
});

test('a call that ended between two writes is a row in each, of which the storage knows it in the second', () => {
  const record = begun('1');
  const first = toLedgerRows('node', [record]);
  endRecord(record, END);
  const second = toLedgerRows('node', [record]);
  expect(first).toMatchObject({ added: [{ outcome: null }], known: [] });
  expect(second).toMatchObject({ added: [], known: [{ outcome: 'ok', digest: 'd' }] });
});

test('an end that is written before its beginning is not followed by it', () => {
  const record = begun('1');
  endRecord(record, END);
  expect(toLedgerRows('node', [record]).added).toHaveLength(1);
  expect(toLedgerRows('node', [record])).toEqual({ added: [], known: [] });
});

test('an end whose write failed is a row of the next, and may be known by then', () => {
  const record = begun('1');
  endRecord(record, END);
  const first = toLedgerRows('node', [record, record]);
  takeBack([record, record]);
  expect(toLedgerRows('node', [record, record])).toEqual({ added: [], known: first.added });
});

test('calls of which the storage has heard and others are stored alike', async () => {
  const storage = createMemoryStorage();
  const [one, other] = [begun('1'), begun('2')];
  await storeCalls(storage, toLedgerRows('node', [one]));
  for (const record of [one, other]) endRecord(record, END);
  await storeCalls(storage, toLedgerRows('node', [one, other]));
  const rows = await storage.listCalls({ plugin: 'a', rowsMax: 9 });
  expect(rows.map(({ call_id, outcome }) => [call_id, outcome])).toEqual([
    ['2', 'ok'],
    ['1', 'ok'],
  ]);
});

test('both kinds are asked for at once, and what was refused is told once both have ended', async () => {
  const storage = createMemoryStorage();
  const gate = Promise.withResolvers<void>();
  const asked: string[] = [];
  const slow = async (name: string, wait: Promise<void>): Promise<void> => {
    asked.push(name);
    await wait;
  };
  const late = {
    ...storage,
    addCalls: () => slow('add', Promise.reject(new Error('refused'))),
    putCalls: () => slow('put', gate.promise),
  };
  const record = begun('1');
  toLedgerRows('node', [record]);
  endRecord(record, END);
  let isOver = false;
  const storing = storeCalls(late, toLedgerRows('node', [record, begun('2')])).catch((error: unknown) => error);
  void storing.then(() => (isOver = true));
  await new Promise(setImmediate);
  expect([asked, isOver]).toEqual([['add', 'put'], false]);
  gate.resolve();
  expect(await storing).toEqual(new Error('refused'));
});

test.each([
  [0, true],
  [4, true],
  [5, false],
  [1_000, false],
  [-3_600_000, false], // The clock was set back meanwhile.
])('a call that began %i ms ago has just begun: %s', (age, isYoung) => {
  expect(hasJustBegun(begun('1'), Date.UTC(2026, 0, 1) + age)).toBe(isYoung);
});

test('a call that has ended has not just begun', () => {
  const record = begun('1');
  endRecord(record, END);
  expect(hasJustBegun(record, Date.UTC(2026, 0, 1))).toBe(false);
});
