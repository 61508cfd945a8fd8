/**
 * A write to the catalogue with its line for the audit log.
 */
import { LIMITS, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import type { AuditEntry, CatalogueChange, CatalogueWrite } from '../storage/catalogue-port.ts';

/** Who acts where nobody is named: whoever embeds the host. */
export const EMBEDDER = 'host';

/** What was done, to what, by whom; the time is added. */
export type Deed = Omit<AuditEntry, 'at'>;

/** Makes the write. Details that are longer than a line may hold are cut (X003-8). */
export function audited(clock: Clock, changes: readonly CatalogueChange[], deed: Deed): CatalogueWrite {
  return { changes, audit: { at: isoTime(clock.wallTime()), ...deed, details: summaryOf(deed.details) } };
}

const CUT = '…';

/** Keeps the fields in their order while there is room; the one that does not fit is cut, and what follows left out (X003-8). */
export function summaryOf(details: JsonObject): JsonObject {
  const charactersMax = LIMITS.audit_summary_characters.value;
  if (JSON.stringify(details).length <= charactersMax) return details;
  const kept: Record<string, JsonValue> = {};
  for (const [field, value] of Object.entries(details)) {
    const room = charactersMax - JSON.stringify({ ...kept, [field]: '' }).length;
    if (room < CUT.length) break;
    kept[field] = JSON.stringify(value).length <= room ? value : cutText(value, room);
  }
  return kept;
}

/** A text of at most so many characters as JSON, without its quotes. */
function cutText(value: JsonValue, charactersMax: number): string {
  let text = (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, charactersMax - CUT.length);
  while (JSON.stringify(text + CUT).length - 2 > charactersMax) text = text.slice(0, -1);
  return text + CUT;
}
