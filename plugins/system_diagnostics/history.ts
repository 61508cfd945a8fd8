/**
 * The diagnoses that are kept, in the plugin's memory.
 *
 * H1: After each that is kept there are at most `max_history`, and none older than `retention`.
 * H2: What is oldest goes first.
 */
import { createLock, type JsonObject, type JsonValue, type Memory } from '@bulkhead/sdk';
import type { Settings } from './settings.ts';

const TAG = 'diagnosis';
/** Diagnoses that found something, where the channel `internal` is on. */
const ALERT_TAG = 'alert';
const PART = 100;

/** The history of one tenant. */
export type History = {
  readonly keep: (diagnosis: JsonObject, isAlert: boolean, settings: Settings) => Promise<void>;
  /** Newest first. */
  readonly list: (wanted: { readonly limit: number; readonly onlyAlerts: boolean }) => Promise<readonly JsonValue[]>;
};

type Kept = { readonly id: string; readonly at: number };

/** Makes it. The ids of what is kept are read once and known from there on, so that the oldest need not be searched for. */
export function createHistory(memory: Memory): History {
  const inTurn = createLock();
  let kept: Kept[] | undefined;

  async function keep(diagnosis: JsonObject, isAlert: boolean, settings: Settings): Promise<void> {
    kept ??= await readKept(memory);
    const tags = isAlert ? [TAG, ALERT_TAG] : [TAG];
    const id = await memory.store(diagnosis, { tags });
    kept.push({ id, at: Date.now() });
    const expired = Date.now() - settings.retentionMs;
    while (kept.length > settings.historyMax || (kept[0]?.at ?? Infinity) < expired) {
      const oldest = kept.shift();
      if (oldest !== undefined) await memory.remove(oldest.id);
    }
  }

  return {
    keep: (diagnosis, isAlert, settings) => inTurn(() => keep(diagnosis, isAlert, settings)),
    list: async ({ limit, onlyAlerts }) => {
      const found = await memory.query('', { tags: [onlyAlerts ? ALERT_TAG : TAG], limit });
      return found.map(({ content }) => content);
    },
  };
}

/** Reads what is kept, the oldest first. */
async function readKept(memory: Memory): Promise<Kept[]> {
  const found: { id: string; timestamp: string }[] = [];
  for (;;) {
    const before = found.at(-1);
    const part = await memory.query('', { tags: [TAG], limit: PART, ...(before && { before }) });
    found.push(...part.map(({ id, timestamp }) => ({ id, timestamp })));
    if (part.length < PART) return found.map(({ id, timestamp }) => ({ id, at: Date.parse(timestamp) })).toReversed();
  }
}
