/**
 * Walks the whole audit log and says whether each line follows from the one before it, up to the newest. Reads page by page,
 * so that a log of any length is walked in bounded memory while others write.
 */
import { LIMITS } from '@bulkhead/protocol';
import { AUDIT_ORIGIN, followAudit, type AuditFault } from './audit-chain.ts';
import type { AuditPage, CatalogueStorage } from './catalogue-port.ts';

/**
 * A place in the log. Kept elsewhere, it shows later whether all of the log was written anew.
 *
 * @experimental
 */
export type AuditHead = AuditPage['head'];

/**
 * What a walk found: how many lines hold, and how far; `fault` is the first line that does not.
 *
 * @experimental
 */
export type AuditVerdict = {
  readonly ok: boolean;
  /** Lines that hold, from the first on. */
  readonly lines: number;
  /** The last line that was looked at. */
  readonly head: AuditHead;
  readonly fault: AuditFault | null;
};

/**
 * Verifies a log.
 *
 * @param known - A head that was read earlier: the line of that number must still have that hash.
 * @throws {HostError} `STORAGE_UNAVAILABLE`.
 * @remarks O(lines); several pages are never held at once.
 */
export async function verifyAudit(
  storage: Pick<CatalogueStorage, 'readAudit'>,
  known?: AuditHead,
): Promise<AuditVerdict> {
  let walked: AuditHead = { seq: 0, hash: AUDIT_ORIGIN };
  for (;;) {
    const { rows, head } = await storage.readAudit(walked.seq, LIMITS.audit_lines.value);
    for (const row of rows) {
      const next = followAudit(walked, [row]);
      if ('what' in next) return verdict(walked, next);
      if (next.seq === known?.seq && next.hash !== known.hash) return verdict(walked, rewritten(next.seq));
      walked = next;
    }
    if (rows.length > 0 && walked.seq < head.seq) continue;
    return verdict(walked, faultOfEnd(walked, head) ?? faultOfKnown(walked, known));
  }
}

/** A log that was cut does not reach its head; one that goes beyond it has lines that no commit wrote. */
function faultOfEnd(walked: AuditHead, head: AuditHead): AuditFault | undefined {
  const next = walked.seq + 1;
  if (walked.seq < head.seq) return { seq: next, what: `line ${next} is missing: the log ends before its newest line` };
  if (walked.seq > head.seq)
    return { seq: head.seq + 1, what: `line ${head.seq + 1} was added beside the log’s own writer` };
  if (walked.hash !== head.hash)
    return { seq: head.seq, what: `line ${head.seq} is not the one that was written last` };
  return undefined;
}

function faultOfKnown(walked: AuditHead, known: AuditHead | undefined): AuditFault | undefined {
  if (known === undefined || known.seq <= walked.seq) return undefined;
  return {
    seq: walked.seq + 1,
    what: `line ${known.seq}, which is known, is missing: the log was cut or written anew`,
  };
}

function rewritten(seq: number): AuditFault {
  return { seq, what: `line ${seq} is not the one that is known: the log was written anew` };
}

function verdict(head: AuditHead, fault: AuditFault | undefined): AuditVerdict {
  return { ok: fault === undefined, lines: fault === undefined ? head.seq : fault.seq - 1, head, fault: fault ?? null };
}
