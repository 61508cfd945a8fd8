/**
 * Storage that ends with its process: the default of an embedded host, and what tests start from. Bounded without `prune`,
 * since nobody may ever call it.
 */
import type { Outcome } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Transition } from '../registry/history.ts';
import type {
  KeyAnswer,
  KeyClaim,
  LedgerRow,
  RegistrationRow,
  ReleaseRow,
  Retention,
  RowQuery,
  Storage,
  TrialKey,
  TrialRow,
} from './port.ts';

/** Most rows of each kind that grows by itself; beyond it the oldest go. */
export type MemoryBounds = {
  readonly calls: number;
  readonly transitions: number;
  readonly keys: number;
  readonly trials: number;
};

const BOUNDS: MemoryBounds = { calls: 1_000, transitions: 10_000, keys: 10_000, trials: 1_000 };

/** Creates an empty storage; nothing is shared between two of them. */
export function createMemoryStorage(bounds: MemoryBounds = BOUNDS): Storage {
  const catalogue = createCatalogue();
  const history = createHistory(bounds.transitions);
  const ledger = createLedger(bounds.calls);
  const keys = createKeys(bounds.keys);
  const trials = createTrials(bounds.trials);
  let isClosed = false;

  /** Runs a step at once, so that it cannot interleave with another, and answers a copy by a promise (S1). */
  async function step<Answer>(run: () => Answer): Promise<Answer> {
    if (isClosed) throw new HostError('STORAGE_UNAVAILABLE', { message: 'the storage has been closed' });
    return structuredClone(run());
  }

  return {
    putRelease: (row) => step(() => catalogue.putRelease(row)),
    listReleases: () => step(() => catalogue.listReleases()),
    removePlugin: (plugin) => step(() => catalogue.removePlugin(plugin)),
    putRegistration: (row) => step(() => catalogue.putRegistration(row)),
    removeRegistration: (tenant, plugin) => step(() => catalogue.removeRegistration(tenant, plugin)),
    listRegistrations: () => step(() => catalogue.listRegistrations()),
    appendTransitions: (rows) => step(() => history.append(rows)),
    listTransitions: (query) => step(() => history.list(query)),
    putCalls: (rows) => step(() => ledger.putAll(rows)),
    listCalls: (query) => step(() => ledger.list(query)),
    listUnfinishedCalls: (node) => step(() => ledger.listUnfinished(node)),
    claimKey: (claim) => step(() => keys.claim(claim)),
    settleKey: (callId, outcome) => step(() => keys.settle(callId, outcome)),
    freeKey: (callId) => step(() => keys.free(callId)),
    putTrial: (row) => step(() => trials.put(row)),
    getTrial: (key) => step(() => trials.get(key)),
    prune: (retention) => step(() => [history, ledger, keys].forEach((part) => part.prune(retention))),
    close: async () => {
      isClosed = true;
    },
  };
}

function createCatalogue() {
  const releases = new Map<string, ReleaseRow>();
  const registrations = new Map<string, RegistrationRow>();

  function putRelease(row: ReleaseRow): 'stored' | 'same' | 'exists' {
    const id = pair(row.plugin_name, row.version);
    const known = releases.get(id);
    if (known !== undefined) return known.digest === row.digest ? 'same' : 'exists';
    releases.set(id, structuredClone(row));
    return 'stored';
  }

  function removePlugin(plugin: string): void {
    for (const [id, row] of releases) if (row.plugin_name === plugin) releases.delete(id);
    for (const [id, row] of registrations) if (row.plugin_name === plugin) registrations.delete(id);
  }

  function putRegistration(row: RegistrationRow): void {
    registrations.set(pair(row.tenant_id, row.plugin_name), structuredClone(row));
  }

  function removeRegistration(tenant: string, plugin: string): void {
    registrations.delete(pair(tenant, plugin));
  }

  const listReleases = (): readonly ReleaseRow[] => [...releases.values()];
  const listRegistrations = (): readonly RegistrationRow[] => [...registrations.values()];
  return { putRelease, listReleases, removePlugin, putRegistration, removeRegistration, listRegistrations };
}

function createHistory(rowsMax: number) {
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

function createLedger(rowsMax: number) {
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

  function listUnfinished(node: string): readonly LedgerRow[] {
    return [...calls.values()].filter((row) => row.node === node && row.ended_at === null);
  }

  function prune(retention: Retention): void {
    for (const [id, row] of calls) if (row.started_at < retention.ledgerSince) calls.delete(id);
  }

  return { putAll, list, listUnfinished, prune };
}

type KeyRow = { readonly claim: KeyClaim; outcome: Outcome | undefined };

function createKeys(rowsMax: number) {
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

  function prune(retention: Retention): void {
    for (const [id, row] of keys) if (row.claim.expires_at <= retention.now) drop(id);
  }

  return { claim, settle, free: (callId: string): void => drop(keyOfCall.get(callId) ?? ''), prune };
}

function createTrials(rowsMax: number) {
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

/** No name may hold a NUL, so two different pairs never meet. */
function pair(first: string, second: string): string {
  return `${first}\0${second}`;
}
