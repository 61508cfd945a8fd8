/**
 * A write to the catalogue with its line for the audit log.
 */
import { isoTime, type Clock } from '../base/clock.ts';
import type { AuditEntry, CatalogueChange, CatalogueWrite } from '../storage/catalogue-port.ts';

/** Who acts where nobody is named: whoever embeds the host. */
export const EMBEDDER = 'host';

/** What was done, to what, by whom; the time is added. */
export type Deed = Omit<AuditEntry, 'at'>;

/** Makes the write. */
export function audited(clock: Clock, changes: readonly CatalogueChange[], deed: Deed): CatalogueWrite {
  return { changes, audit: { at: isoTime(clock.wallTime()), ...deed } };
}
