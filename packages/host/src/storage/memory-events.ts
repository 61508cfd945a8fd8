/**
 * Events between nodes, in the in-memory storage.
 */
import type { EventPage, EventQuery, EventRow } from './events-port.ts';

type Kept = EventRow & { readonly number: number; readonly node: string };

/** Creates an empty table; `hasOther` tells whether a node other than this one has said that it lives. */
export function createEvents(hasOther: (node: string) => boolean) {
  let kept: Kept[] = [];
  let lastNumber = 0;

  function add(node: string, rows: readonly EventRow[]): void {
    if (!hasOther(node)) return;
    const known = new Set(kept.map(({ event }) => event.id));
    for (const row of rows) {
      if (known.has(row.event.id)) continue;
      known.add(row.event.id);
      lastNumber += 1;
      kept.push({ ...structuredClone(row), number: lastNumber, node });
    }
  }

  function read({ after, node, rowsMax }: EventQuery): EventPage {
    const wanted = kept.filter((row) => row.number > after && row.node !== node).slice(0, rowsMax);
    const isAll = wanted.length < rowsMax;
    const next = isAll ? Math.max(after, kept.at(-1)?.number ?? 0) : (wanted.at(-1)?.number ?? after);
    return { rows: wanted.map(({ event, depth }) => ({ event, depth })), next };
  }

  function trim({ before, rowsMax }: { readonly before: string; readonly rowsMax: number }): void {
    kept = kept.filter(({ event }) => event.timestamp >= before).slice(-rowsMax);
  }

  function forget(tenant: string): void {
    kept = kept.filter(({ event }) => event.tenant_id !== tenant);
  }

  return { add, read, trim, forget, last: (): number => kept.at(-1)?.number ?? 0 };
}
