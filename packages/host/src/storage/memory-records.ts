/**
 * The records of the in-memory storage. Bounded without `prune`, since nobody may ever call it.
 */
import type { Outcome } from '@bulkhead/protocol';
import type { Transition } from '../registry/history.ts';
import { pair } from './memory-rows.ts';
import type {
  CallCount,
  CallCountQuery,
  KeyAnswer,
  KeyClaim,
  LedgerRow,
  Retention,
  RowQuery,
  TrialKey,
  TrialRow,
  UnsettledKey,
} from './records-port.ts';

/** Creates an empty history of transitions; beyond its bound the oldest go, and so in the others here. */
export function createHistory(rowsMax: number) {
  let transitions: readonly Transition[] = [];

  function append(rows: readonly Transition[]): void {
    transitions = [...transitions, ...structuredClone(rows)].slice(-rowsMax);
  }

  function list(query: RowQuery): readonly Transition[] {
    return newest(transitions, query, (row) => ({ plugin: row.plugin, tenant: row.scope }));
  }

  function prune(retention: Retention): void {
    const counts = new Map<string, number>();
    const kept = transitions.toReversed().filter((row) => {
      const id = pair(row.plugin, row.scope);
      const count = (counts.get(id) ?? 0) + 1;
      counts.set(id, count);
      return count <= retention.transitionsMax && row.at >= retention.transitionsSince;
    });
    transitions = kept.toReversed();
  }

  return { append, list, prune };
}

/** Creates an empty call ledger. */
export function createLedger(rowsMax: number) {
  const calls = new Map<string, LedgerRow>();
  const makeRoom = createRoom(rowsMax);

  /** A busy host ends more calls between two writes than are kept: what this write would push out is not put in. */
  function putAll(rows: readonly LedgerRow[]): void {
    rows.slice(-rowsMax).forEach(put);
  }

  function put(row: LedgerRow): void {
    const known = calls.get(row.call_id);
    if (known !== undefined && known.ended_at !== null) return;
    if (known === undefined) calls.delete(makeRoom(row.call_id));
    calls.set(row.call_id, { ...row });
  }

  function list(query: RowQuery): readonly LedgerRow[] {
    return newest([...calls.values()], query, (row) => ({ plugin: row.plugin_name, tenant: row.tenant_id }));
  }

  function count({ plugin, tenant, since, until }: CallCountQuery): readonly CallCount[] {
    const counts = new Map<string, CallCount>();
    for (const { plugin_name, tenant_id, started_at, digest, outcome } of calls.values()) {
      if (outcome === null || plugin_name !== plugin || (tenant !== undefined && tenant_id !== tenant)) continue;
      if (started_at < since || (until !== undefined && started_at >= until)) continue;
      const id = `${digest ?? ''} ${outcome}`;
      counts.set(id, { digest, outcome, calls: (counts.get(id)?.calls ?? 0) + 1 });
    }
    return [...counts.values()];
  }

  function listUnfinished(node: string): readonly LedgerRow[] {
    return [...calls.values()].filter((row) => row.node === node && row.ended_at === null);
  }

  function prune(retention: Retention): void {
    for (const [id, row] of calls) if (row.started_at < retention.ledgerSince) calls.delete(id);
  }

  return { putAll, list, count, listUnfinished, prune };
}

type KeyRow = { readonly claim: KeyClaim; outcome: Outcome | undefined };

/** Creates an empty table of idempotency keys. */
export function createKeys(rowsMax: number) {
  const keys = new Map<string, KeyRow>();
  const keyOfCall = new Map<string, string>();
  const makeRoom = createRoom(rowsMax);

  function drop(id: string): void {
    const row = keys.get(id);
    keys.delete(id);
    if (row !== undefined) keyOfCall.delete(row.claim.call_id);
  }

  function claim(wanted: KeyClaim): KeyAnswer {
    const id = JSON.stringify([wanted.tenant_id, wanted.plugin_name, wanted.tool, wanted.key]);
    const known = keys.get(id);
    if (known !== undefined && known.claim.expires_at > wanted.claimed_at) return answerOf(known, wanted);
    drop(id);
    drop(keyOfCall.get(makeRoom(wanted.call_id)) ?? '');
    keys.set(id, { claim: { ...wanted }, outcome: undefined });
    keyOfCall.set(wanted.call_id, id);
    return { kind: 'claimed' };
  }

  function settle(callId: string, outcome: Outcome): void {
    const row = keys.get(keyOfCall.get(callId) ?? '');
    if (row !== undefined) row.outcome = structuredClone(outcome);
  }

  function listUnsettled(node: string): readonly UnsettledKey[] {
    const unsettled = [...keys.values()].filter((row) => row.claim.node === node && row.outcome === undefined);
    return unsettled.map(({ claim: { call_id, tenant_id, plugin_name, tool, claimed_at } }) => {
      return { call_id, node, tenant_id, plugin_name, tool, claimed_at };
    });
  }

  function prune(retention: Retention): void {
    for (const [id, row] of keys) if (row.claim.expires_at <= retention.now) drop(id);
  }

  return { claim, settle, listUnsettled, free: (callId: string): void => drop(keyOfCall.get(callId) ?? ''), prune };
}

/** Creates an empty table of trials. */
export function createTrials(rowsMax: number) {
  const trials = new Map<string, TrialRow>();
  const makeRoom = createRoom(rowsMax);

  function put(row: TrialRow): void {
    const id = trialId(row);
    if (!trials.has(id)) trials.delete(makeRoom(id));
    trials.set(id, structuredClone(row));
  }

  return { put, get: (key: TrialKey): TrialRow | undefined => trials.get(trialId(key)) };
}

function trialId(key: TrialKey): string {
  return `${key.digest} ${key.tier} ${key.node_version}`;
}

function answerOf(known: KeyRow, wanted: KeyClaim): KeyAnswer {
  if (known.claim.params_hash !== wanted.params_hash) return { kind: 'conflict' };
  return known.outcome === undefined ? { kind: 'running' } : { kind: 'replay', outcome: known.outcome };
}

/** Rows of the wanted plugin, and tenant where one is named, newest first. */
function newest<Row>(
  rows: readonly Row[],
  query: RowQuery,
  of: (row: Row) => { readonly plugin: string; readonly tenant: string },
): readonly Row[] {
  const wanted = rows.filter((row) => {
    const { plugin, tenant } = of(row);
    return plugin === query.plugin && (query.tenant === undefined || query.tenant === tenant);
  });
  return wanted.toReversed().slice(0, query.rowsMax);
}

/**
 * Tells which id has to go for a new one, '' while there is room. Ids are kept in a ring: a Map whose first entry is
 * deleted again and again is searched from its beginning each time, which took a third of a busy host's time.
 */
function createRoom(idsMax: number): (id: string) => string {
  const ring: string[] = [];
  let oldestSlot = 0;
  return (id) => {
    const oldest = ring[oldestSlot] ?? '';
    ring[oldestSlot] = id;
    oldestSlot = (oldestSlot + 1) % idsMax;
    return oldest;
  };
}
