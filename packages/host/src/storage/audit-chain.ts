/**
 * The hash chain of the audit log: each line's hash covers the one before, so that no line can be changed, put in or taken
 * out unseen. Whoever can write both the log and its head can still rewrite everything: keep a head elsewhere to notice that.
 */
import { hash } from 'node:crypto';
import type { AuditEntry, AuditPage, AuditRow } from './catalogue-port.ts';

/**
 * What the first line's hash covers in place of a line before it.
 *
 * @internal
 */
export const AUDIT_ORIGIN = '0'.repeat(64);

/**
 * Makes the next line of a log. Its fields are always written in this order: a store finds a tenant's lines by it.
 *
 * @internal
 */
export function chainAudit(head: AuditPage['head'], entry: AuditEntry): AuditRow {
  const { at, actor, action, tenant_id, resource, details } = entry;
  const text = JSON.stringify({ at, actor, action, tenant_id, resource, details });
  const seq = head.seq + 1;
  return { seq, text, hash: auditHash({ previous: head.hash, seq, text }) };
}

/**
 * What is wrong with a log: the first line that does not follow from the one before it.
 *
 * @internal
 */
export type AuditFault = { readonly seq: number; readonly what: string };

/**
 * Judges lines that should follow `from`.
 *
 * @returns the hash and number to go on from, or what is wrong. O(lines).
 * @internal
 */
export function followAudit(from: AuditPage['head'], rows: readonly AuditRow[]): AuditPage['head'] | AuditFault {
  let { seq, hash: previous } = from;
  for (const row of rows) {
    if (row.seq !== seq + 1) return { seq: seq + 1, what: `line ${seq + 1} is missing` };
    if (row.hash !== auditHash({ previous, seq: row.seq, text: row.text }))
      return { seq: row.seq, what: `line ${row.seq} does not follow from the one before it: one of them was changed` };
    ({ seq, hash: previous } = row);
  }
  return { seq, hash: previous };
}

function auditHash({
  previous,
  seq,
  text,
}: {
  readonly previous: string;
  readonly seq: number;
  readonly text: string;
}): string {
  return hash('sha256', `${previous} ${seq} ${text}`);
}
