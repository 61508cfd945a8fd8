/**
 * The audit log as it is read: lines for people, and whether all of them hold. Lines are written by commits alone.
 */
import { LIMITS, isJsonObject } from '@bulkhead/protocol';
import type { AuditEntry, AuditQuery, AuditRow, CatalogueStorage } from './catalogue-port.ts';
import { verifyAudit, type AuditHead, type AuditVerdict } from './verify-audit.ts';

/**
 * A line, read. `hash` chains it to the line before.
 *
 * @public
 */
export type AuditLine = AuditEntry & { readonly seq: number; readonly hash: string };

/**
 * The audit log of one host. Both reject with `STORAGE_UNAVAILABLE`.
 *
 * @public
 */
export type AuditLog = {
  /** Lines of a tenant or of all, those after a number or else the newest, oldest first; at most 1,000. */
  readonly list: (query: AuditQuery) => Promise<readonly AuditLine[]>;
  /** Walks the whole log; `known` is a head that was read earlier. O(lines). */
  readonly verify: (known?: AuditHead) => Promise<AuditVerdict>;
};

/**
 * Creates the reader of a log.
 *
 * @internal
 */
export function createAuditLog(storage: Pick<CatalogueStorage, 'readAudit' | 'listAudit'>): AuditLog {
  return {
    list: async (query) => {
      const rowsMax = Math.min(query.rowsMax, LIMITS.audit_lines.value);
      return (await storage.listAudit({ ...query, rowsMax })).map(readLine);
    },
    verify: (known) => verifyAudit(storage, known),
  };
}

/** A line whose text somebody changed is shown as it is, and belongs to nobody. */
function readLine({ seq, text, hash }: AuditRow): AuditLine {
  const entry = parseEntry(text);
  return { seq, hash, ...(entry ?? { ...UNREADABLE, details: { text } }) };
}

const UNREADABLE = { at: '1970-01-01T00:00:00.000Z', actor: '', action: 'unreadable', tenant_id: null, resource: '' };

function parseEntry(text: string): AuditEntry | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isWhole = isJsonObject(value) && typeof value['at'] === 'string' && isJsonObject(value['details']);
    return isWhole ? (value as unknown as AuditEntry) : undefined; // What the chain writes begins and ends so.
  } catch {
    return undefined;
  }
}
