import { beforeEach, expect, test } from 'vitest';
import { AUDIT_ORIGIN, chainAudit } from './audit-chain.ts';
import { createAuditLog } from './audit-log.ts';
import type { AuditPage, AuditRow } from './catalogue-port.ts';
import { verifyAudit } from './verify-audit.ts';

const ENTRY = { at: '', actor: 'platform', action: 'tenant.create', tenant_id: null, resource: 'tenant', details: {} };
/** More than one page. */
const LINES = 2_500;

let rows: AuditRow[];
let head: AuditPage['head'];
beforeEach(() => {
  head = { seq: 0, hash: AUDIT_ORIGIN };
  rows = Array.from({ length: LINES }, (_, index) => {
    const line = chainAudit(head, { ...ENTRY, details: { index } });
    head = { seq: line.seq, hash: line.hash };
    return line;
  });
});

/** A log that anybody may have written in. */
const storage = {
  readAudit: async (after: number, rowsMax: number): Promise<AuditPage> => ({
    rows: rows.filter(({ seq }) => seq > after).slice(0, rowsMax),
    head,
  }),
  listAudit: async (): Promise<readonly AuditRow[]> => rows,
};

test('a log that nobody touched holds, line by line up to its head; so does an empty one', async () => {
  expect(await verifyAudit(storage)).toEqual({ ok: true, lines: LINES, head, fault: null });
  [rows, head] = [[], { seq: 0, hash: AUDIT_ORIGIN }];
  expect(await verifyAudit(storage)).toEqual({ ok: true, lines: 0, head, fault: null });
});

test.each<readonly [string, () => void, number, string]>([
  ['a text was changed', () => edit(1_700, { text: '{}' }), 1_700, 'line 1700 does not follow'],
  ['a hash was changed', () => edit(1_000, { hash: '0'.repeat(64) }), 1_000, 'line 1000 does not follow'],
  ['the first line was taken out', () => void rows.splice(0, 1), 1, 'line 1 is missing'],
  ['a line was taken out', () => void rows.splice(1_233, 1), 1_234, 'line 1234 is missing'],
  ['the end was cut', () => void rows.splice(2_400), 2_401, 'line 2401 is missing'],
  ['the end was cut where a page ends', () => void rows.splice(2_000), 2_001, 'line 2001 is missing'],
  ['all was taken out', () => void rows.splice(0), 1, 'line 1 is missing'],
  ['its head was set back', () => setHead(rows[2_399]), 2_401, 'line 2401 was added'],
  ['the last line was written anew with its hash', () => rewriteLast(), LINES, `line ${LINES} is not the one`],
])('it is found where %s', async (_what, tamper, seq, what) => {
  tamper();
  const { ok, fault } = await verifyAudit(storage);
  expect([ok, fault]).toEqual([false, { seq, what: expect.stringContaining(what) }]);
});

test('a log that was written anew, head and all, is found by whoever kept an earlier head', async () => {
  const known = { seq: 2_000, hash: rows[1_999]?.hash ?? '' };
  expect(await verifyAudit(storage, known)).toMatchObject({ ok: true });
  rechainFrom(1_500);
  expect(await verifyAudit(storage)).toMatchObject({ ok: true });
  expect(await verifyAudit(storage, known)).toMatchObject({ ok: false, fault: { seq: 2_000 } });
  rows.splice(1_000);
  setHead(rows.at(-1));
  expect(await verifyAudit(storage)).toMatchObject({ ok: true, lines: 1_000 });
  expect(await verifyAudit(storage, known)).toMatchObject({ ok: false, lines: 1_000, fault: { seq: 1_001 } });
});

test('a reader sees a line that somebody broke as it is, and the lines beside it', async () => {
  edit(1, { text: 'not json' });
  edit(2, { text: '{"at":7}' });
  const [first, second, third] = await createAuditLog(storage).list({ rowsMax: 3 });
  expect(first).toMatchObject({ seq: 1, action: 'unreadable', tenant_id: null, details: { text: 'not json' } });
  expect(second).toMatchObject({ seq: 2, action: 'unreadable', details: { text: '{"at":7}' } });
  expect(third).toMatchObject({ seq: 3, ...ENTRY, details: { index: 2 } });
});

function edit(seq: number, change: Partial<AuditRow>): void {
  rows = rows.map((row) => (row.seq === seq ? { ...row, ...change } : row));
}

function setHead(row: AuditRow | undefined): void {
  if (row !== undefined) head = { seq: row.seq, hash: row.hash };
}

function rewriteLast(): void {
  const before = rows.at(-2);
  rows[LINES - 1] = chainAudit({ seq: LINES - 1, hash: before?.hash ?? '' }, ENTRY);
}

function rechainFrom(seq: number): void {
  setHead(rows[seq - 2]);
  for (let at = seq; at <= LINES; at += 1) {
    rows[at - 1] = chainAudit(head, ENTRY);
    setHead(rows[at - 1]);
  }
}
