import { expect, test } from 'vitest';
import { AUDIT_ORIGIN, chainAudit, followAudit } from './audit-chain.ts';
import type { AuditEntry, AuditRow } from './catalogue-port.ts';

const ORIGIN = { seq: 0, hash: AUDIT_ORIGIN };

function entry(resource: string): AuditEntry {
  return { at: '2026-01-01T00:00:00.000Z', actor: 'a', action: 'x', tenant_id: null, resource, details: {} };
}

function logOf(...resources: readonly string[]): readonly AuditRow[] {
  const rows: AuditRow[] = [];
  for (const resource of resources) rows.push(chainAudit(rows.at(-1) ?? ORIGIN, entry(resource)));
  return rows;
}

test('a log follows from its origin to its last line', () => {
  const rows = logOf('one', 'two', 'three');
  expect(followAudit(ORIGIN, rows)).toEqual({ seq: 3, hash: rows[2]?.hash });
  expect(followAudit(ORIGIN, [])).toEqual(ORIGIN);
});

test('a hash is SHA-256 over the hash before, the number and the text', () => {
  const [first] = logOf('one');
  expect(first?.hash).toBe('0deba5a93f451c7532d359ec2f9d8d19cafa9b9b79a1614f16f510949276f087');
});

test('a line that was changed is named, also where its own hash was made anew', () => {
  const rows = logOf('one', 'two', 'three');
  const forged = chainAudit({ seq: 1, hash: rows[0]?.hash ?? '' }, entry('forged'));
  expect(followAudit(ORIGIN, rows.with(1, { ...forged, hash: rows[1]?.hash ?? '' }))).toMatchObject({ seq: 2 });
  expect(followAudit(ORIGIN, rows.with(1, forged))).toMatchObject({ seq: 3 });
});

test('a line that is missing, doubled or out of its place is named', () => {
  const rows = logOf('one', 'two', 'three');
  expect(followAudit(ORIGIN, rows.toSpliced(1, 1))).toEqual({ seq: 2, what: 'line 2 is missing' });
  expect(followAudit(ORIGIN, rows.toSpliced(1, 0, ...rows.slice(0, 1)))).toEqual({ seq: 2, what: 'line 2 is missing' });
  expect(followAudit(ORIGIN, rows.toReversed())).toEqual({ seq: 1, what: 'line 1 is missing' });
});
