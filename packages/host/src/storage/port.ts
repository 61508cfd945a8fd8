/**
 * What the host keeps beyond its own life, as the host asks for it. The host knows no database: in-memory storage is beside
 * this file, PostgreSQL and PGlite implement it in `packages/store`, and one conformance suite runs over all of them.
 *
 * S1: What a method was given or gave back is the caller's; an implementation keeps and returns copies.
 * S2: A resolved promise means durable, as far as the implementation is durable at all.
 * S3: A rejection is a HostError `STORAGE_UNAVAILABLE`; nothing of the write is there, or all of it.
 * S4: Everything is bounded: `prune` removes what its bounds leave out, oldest first.
 */
import type { Finding, GuestReady, JsonObject, Outcome, OutcomeKind, Tier } from '@bulkhead/protocol';
import type { Transition } from '../registry/history.ts';

/** A release as stored. `manifest` is what the author wrote; `place` is the folder, or a word such as "upload". */
export type ReleaseRow = {
  readonly plugin_name: string;
  readonly version: string;
  readonly digest: string;
  readonly place: string;
  readonly manifest: JsonObject;
  readonly findings: readonly Finding[];
  readonly is_public: boolean;
  readonly installed_at: string;
};

/** A registration (DESIGN 9, F003-38): one for each tenant and plugin. Times are ISO 8601. */
export type RegistrationRow = {
  readonly id: string;
  readonly tenant_id: string;
  readonly plugin_name: string;
  readonly plugin_version: string;
  readonly enabled: boolean;
  readonly config: JsonObject;
  readonly granted_permissions: readonly string[];
  readonly installed_at: string;
  readonly updated_at: string;
};

/** One line of the call ledger; the last four fields are null until the call has ended. `node` is the host that runs it. */
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

/** An idempotency key is of one tenant, plugin and tool; `params_hash` tells same params from others (DESIGN 9). */
export type KeyClaim = {
  readonly tenant_id: string;
  readonly plugin_name: string;
  readonly tool: string;
  readonly key: string;
  readonly params_hash: string;
  readonly call_id: string;
  readonly claimed_at: string;
  readonly expires_at: string;
};

/** `claimed`: run the call. `replay`: it ended so. `running`: it has not ended. `conflict`: the key was used with other params. */
export type KeyAnswer =
  | { readonly kind: 'claimed' }
  | { readonly kind: 'replay'; readonly outcome: Outcome }
  | { readonly kind: 'running' }
  | { readonly kind: 'conflict' };

/** What a trial load is remembered by: the same artifact at the same tier under the same Node ends the same way. */
export type TrialKey = { readonly digest: string; readonly tier: Tier; readonly node_version: string };

/** How a trial load ended; `ready` is what the plugin offers, null unless it is INITIALIZED. */
export type TrialRow = TrialKey & {
  readonly state: 'INITIALIZED' | 'FAILED' | 'UNAVAILABLE';
  readonly code: string | null;
  readonly reason: string | null;
  readonly ready: GuestReady | null;
  readonly tried_at: string;
};

/** Which transitions or calls are wanted, newest first. */
export type RowQuery = { readonly plugin: string; readonly tenant?: string; readonly rowsMax: number };

/** What may stay: rows at or after the times, and at most so many transitions of one plugin and scope. */
export type Retention = {
  readonly now: string;
  readonly ledgerSince: string;
  readonly transitionsSince: string;
  readonly transitionsMax: number;
};

/** The port. Every method is safe to call concurrently; its invariants are at the head of this file. */
export interface Storage {
  /** Stores a release. `same` where it is there already, `exists` where the version has another digest: nothing is rewritten. */
  putRelease(row: ReleaseRow): Promise<'stored' | 'same' | 'exists'>;
  /** In order of storing. */
  listReleases(): Promise<readonly ReleaseRow[]>;
  /** Removes a plugin's releases and registrations; silent where there are none. */
  removePlugin(plugin: string): Promise<void>;

  /** Stores a registration in place of the one of the same tenant and plugin, in one step. */
  putRegistration(row: RegistrationRow): Promise<void>;
  removeRegistration(tenant: string, plugin: string): Promise<void>;
  listRegistrations(): Promise<readonly RegistrationRow[]>;

  /** Appends; rows are never changed. */
  appendTransitions(rows: readonly Transition[]): Promise<void>;
  listTransitions(query: RowQuery): Promise<readonly Transition[]>;

  /** Stores calls by `call_id`; a row that has ended replaces one that has not, and is never replaced itself. */
  putCalls(rows: readonly LedgerRow[]): Promise<void>;
  listCalls(query: RowQuery): Promise<readonly LedgerRow[]>;
  /** Calls of a node that never ended, for its next start: each becomes `host_restart`. */
  listUnfinishedCalls(node: string): Promise<readonly LedgerRow[]>;

  /** Takes a key for a call, in one step: of two at once exactly one is `claimed`. An expired key is free. */
  claimKey(claim: KeyClaim): Promise<KeyAnswer>;
  /** Keeps the outcome under the key that the call claimed; nothing happens where it claimed none. */
  settleKey(callId: string, outcome: Outcome): Promise<void>;
  /** Frees the key of a call that did not run, so that it may be tried again. */
  freeKey(callId: string): Promise<void>;

  /** Stores how a trial ended, in place of an earlier one. */
  putTrial(row: TrialRow): Promise<void>;
  getTrial(key: TrialKey): Promise<TrialRow | undefined>;

  /** Removes what retention leaves out, and expired keys. */
  prune(retention: Retention): Promise<void>;
  /** Releases what is held open. Safe to call twice; other methods reject afterwards. */
  close(): Promise<void>;
}
