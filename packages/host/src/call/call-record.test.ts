import { expect, test } from 'vitest';
import { createRecord, endRecord, takeBack, toLedgerRows, type CallRecord } from './call-record.ts';

const END = { digest: 'd', durationMs: 2.5, outcome: 'ok', code: null } as const;

function begun(callId: string): CallRecord {
  const startedWall = Date.UTC(2026, 0, 1);
  return createRecord({ callId, tenant: 'acme', plugin: 'a', target: 'add', startedWall, digest: null });
}

test('a call that has not ended when it is written is a row that says it has begun', () => {
  expect(toLedgerRows('node', [begun('1')])).toEqual([
    {
      ...{ call_id: '1', node: 'node', tenant_id: 'acme', plugin_name: 'a', target: 'add', digest: null },
      ...{ started_at: '2026-01-01T00:00:00.000Z', ended_at: null, outcome: null, code: null, duration_ms: null },
    },
  ]);
});

test('a call that ended before it was written is one row, its end', () => {
  const record = begun('1');
  endRecord(record, END);
  const rows = toLedgerRows('node', [record, record]);
  expect(rows).toMatchObject([{ call_id: '1', outcome: 'ok', ended_at: '2026-01-01T00:00:00.002Z', duration_ms: 2.5 }]);
});

test('a call that ended between two writes is a row in each', () => {
  const record = begun('1');
  const first = toLedgerRows('node', [record]);
  endRecord(record, END);
  const second = toLedgerRows('node', [record]);
  expect([first, second]).toMatchObject([[{ outcome: null }], [{ outcome: 'ok', digest: 'd' }]]);
});

test('an end that is written before its beginning is not followed by it', () => {
  const record = begun('1');
  endRecord(record, END);
  expect(toLedgerRows('node', [record])).toHaveLength(1);
  expect(toLedgerRows('node', [record])).toEqual([]);
});

test('an end whose write failed is a row of the next', () => {
  const record = begun('1');
  endRecord(record, END);
  const first = toLedgerRows('node', [record, record]);
  takeBack([record, record]);
  expect(toLedgerRows('node', [record, record])).toEqual(first);
});
