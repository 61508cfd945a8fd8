/**
 * What happens while a host runs, as it stores it: transitions, the call ledger, idempotency keys and trials. Grows by
 * itself, so it is bounded by `prune`.
 */
import type { GuestReady, HealthWord, Outcome, OutcomeKind, Tier } from '@bulkhead/protocol';
import type { Transition } from '../registry/history.ts';

/**
 * One line of the call ledger; the last four fields are null until the call has ended. `node` is the host that runs it.
 *
 * @experimental
 */
export type LedgerRow = {
  readonly call_id: string;
  readonly node: string;
  readonly tenant_id: string;
  readonly plugin_name: string;
  readonly target: string;
  readonly digest: string | null;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly outcome: 'ok' | OutcomeKind | null;
  readonly code: string | null;
  readonly duration_ms: number | null;
};

/**
 * An idempotency key is of one tenant, plugin and tool; `params_hash` tells same params from others (DESIGN 9).
 *
 * @experimental
 */
export type KeyClaim = {
  readonly tenant_id: string;
  readonly plugin_name: string;
  readonly tool: string;
  readonly key: string;
  readonly params_hash: string;
  readonly call_id: string;
  /** The host that runs the call. */
  readonly node: string;
  readonly claimed_at: string;
  readonly expires_at: string;
};

/**
 * A key whose call has not ended. Its names are cut and cleaned as the ledger's are.
 *
 * @experimental
 */
export type UnsettledKey = Pick<KeyClaim, 'call_id' | 'node' | 'tenant_id' | 'plugin_name' | 'tool' | 'claimed_at'>;

/**
 * `claimed`: run the call. `replay`: it ended so. `running`: it has not ended. `conflict`: the key was used with other params.
 *
 * @experimental
 */
export type KeyAnswer =
  | { readonly kind: 'claimed' }
  | { readonly kind: 'replay'; readonly outcome: Outcome }
  | { readonly kind: 'running' }
  | { readonly kind: 'conflict' };

/**
 * What a trial load is remembered by: the same artifact at the same tier under the same Node ends the same way.
 *
 * @experimental
 */
export type TrialKey = { readonly digest: string; readonly tier: Tier; readonly node_version: string };

/**
 * How a trial load ended; `ready` is what the plugin offers, null unless it is INITIALIZED.
 *
 * @experimental
 */
export type TrialRow = TrialKey & {
  readonly state: 'INITIALIZED' | 'FAILED' | 'UNAVAILABLE';
  readonly code: string | null;
  readonly reason: string | null;
  readonly ready: GuestReady | null;
  /** What the plugin said of itself. */
  readonly health: HealthWord;
  readonly tried_at: string;
};

/**
 * Which transitions or calls are wanted, newest first.
 *
 * @experimental
 */
export type RowQuery = { readonly plugin: string; readonly tenant?: string; readonly rowsMax: number };

/**
 * Of which calls the number is wanted: those that have ended, and that started at or after `since` and before `until`, which are ISO
 * times; up to now where that is left out.
 *
 * @experimental
 */
export type CallCountQuery = {
  readonly plugin: string;
  readonly tenant?: string;
  readonly since: string;
  readonly until?: string;
};

/**
 * How many calls ended so on a release; `digest` is null for those that found none.
 *
 * @experimental
 */
export type CallCount = {
  readonly digest: string | null;
  readonly outcome: 'ok' | OutcomeKind;
  readonly calls: number;
};

/**
 * What may stay: rows at or after the times, and at most so many transitions of one plugin and scope.
 *
 * @experimental
 */
export type Retention = {
  readonly now: string;
  readonly ledgerSince: string;
  readonly transitionsSince: string;
  readonly transitionsMax: number;
  /** A day, `YYYY-MM-DD`. */
  readonly usageSince: string;
};

/**
 * The records' part of the Storage port.
 *
 * @experimental
 */
export interface RecordStorage {
  /** Appends; rows are never changed. */
  appendTransitions(rows: readonly Transition[]): Promise<void>;
  listTransitions(query: RowQuery): Promise<readonly Transition[]>;

  /** Stores calls that it was never given before, as most are that end; where one was, it is as {@link putCalls}. */
  addCalls(rows: readonly LedgerRow[]): Promise<void>;
  /** Stores calls by `call_id`; a row that has ended replaces one that has not, and is never replaced itself. */
  putCalls(rows: readonly LedgerRow[]): Promise<void>;
  /** In the order of their ids, which is that of the calls. */
  listCalls(query: RowQuery): Promise<readonly LedgerRow[]>;
  /** Counts calls by release and outcome, in no order; what a host has ended a moment ago may still be on its way here. */
  countCalls(query: CallCountQuery): Promise<readonly CallCount[]>;
  /** Calls of a node that never ended, for its next start: each becomes `host_restart`. */
  listUnfinishedCalls(node: string): Promise<readonly LedgerRow[]>;

  /** Takes a key for a call, in one step: of two at once exactly one is `claimed`. An expired key is free. */
  claimKey(claim: KeyClaim): Promise<KeyAnswer>;
  /** Keeps the outcome under the key that the call claimed; nothing happens where it claimed none. */
  settleKey(callId: string, outcome: Outcome): Promise<void>;
  /** Keys that a node's calls claimed and never settled, oldest first, for its next start. */
  listUnsettledKeys(node: string): Promise<readonly UnsettledKey[]>;
  /** Frees the key of a call that did not run, so that it may be tried again. */
  freeKey(callId: string): Promise<void>;

  /** Stores how a trial ended, in place of an earlier one. */
  putTrial(row: TrialRow): Promise<void>;
  getTrial(key: TrialKey): Promise<TrialRow | undefined>;

  /** Removes what retention leaves out, and expired keys. */
  prune(retention: Retention): Promise<void>;
}
