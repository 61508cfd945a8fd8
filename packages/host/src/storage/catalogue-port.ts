/**
 * What administrators decide, as the host stores it: tenants, tokens, releases, registrations with their moves from release
 * to release, rollouts and secrets. Small enough that every node holds all of it, and changed by commits alone.
 *
 * C1: A commit is there whole, with its line of the audit log, or not at all; commits follow one another, each has the
 *     revision after the one before, and the audit log's numbers are those revisions.
 * C2: Whoever applies the changes of each revision in order to what `readCatalogue` gave holds the catalogue of that revision.
 * C3: A release's content is never changed by a commit.
 */
import type { Finding, JsonObject, Tier, ReleaseOrigin } from '@bulkhead/protocol';
import type { SealedText, SecretRow } from './secrets-port.ts';

/**
 * A tenant. `id` is the word that calls name it by: the built-in `default`, or a UUID. Times are ISO 8601.
 *
 * @experimental
 */
export type TenantRow = {
  readonly id: string;
  /** Unique; for people. */
  readonly name: string;
  /** The weakest sandbox that may serve it; null where the operator's own bound is enough. */
  readonly min_tier: Tier | null;
  readonly quota: Quota;
  readonly created_at: string;
  readonly updated_at: string;
};

/**
 * What a tenant may use; what is left out is unbounded, and `weight` is 1.
 *
 * @public
 */
export type Quota = {
  readonly calls_per_second?: number;
  readonly calls_in_flight?: number;
  readonly cpu_seconds_per_minute?: number;
  /** Megabytes of guest memory held for a minute. */
  readonly memory_mb_minutes_per_minute?: number;
  readonly weight?: number;
  /** Of language models, read and written together; a day ends at midnight UTC. */
  readonly llm_tokens_per_day?: number;
  readonly llm_usd_per_day?: number;
  readonly egress_bytes_per_day?: number;
  /** Tasks that are queued or active; 100,000 where it is left out. */
  readonly open_tasks?: number;
};

/**
 * What a token may do, weakest first; `worker` claims tasks and nothing else.
 *
 * @public
 */
export type Role = 'viewer' | 'operator' | 'admin' | 'worker';

/**
 * A token of a tenant; of its text only the SHA-256 digest, as hex, is kept.
 *
 * @experimental
 */
export type TokenRow = {
  readonly id: string;
  readonly tenant_id: string;
  readonly role: Role;
  /** Null: all scopes of its role. */
  readonly scopes: readonly string[] | null;
  readonly hash: string;
  readonly created_at: string;
  readonly expires_at: string | null;
};

/**
 * A release as stored. `manifest` is what the author wrote; `place` is the folder, or a word such as "upload".
 *
 * @experimental
 */
export type ReleaseRow = {
  readonly plugin_name: string;
  readonly version: string;
  readonly digest: string;
  readonly place: string;
  readonly manifest: JsonObject;
  readonly findings: readonly Finding[];
  readonly is_public: boolean;
  /** Tenants that may see it where it is not public. */
  readonly offered_to: readonly string[];
  /** The operator named its folder; what came over the admin API needs a stronger sandbox (DESIGN 6). */
  readonly is_trusted: boolean;
  readonly origin: ReleaseOrigin;
  readonly installed_at: string;
};

/**
 * A registration (DESIGN 9, F003-38): one for each tenant and plugin.
 *
 * @public
 */
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

/**
 * A registration, and the revision that wrote it last: its ETag.
 *
 * @public
 */
export type StoredRegistration = RegistrationRow & { readonly revision: number };

/**
 * Why a registration went from one release to another: an administrator's upgrade or rollback; an upgrade that evidence let in
 * and that is watched from then on (`canary`); the host's own rollback; or its enabling, which takes the newest release.
 *
 * @experimental
 */
export type MoveKind = 'upgrade' | 'canary' | 'rollback' | 'automatic_rollback' | 'enable';

/**
 * One move of a registration. At most `LIMITS.moves` of each registration are kept, the oldest goes.
 *
 * @experimental
 */
export type MoveRow = {
  readonly tenant_id: string;
  readonly plugin_name: string;
  readonly kind: MoveKind;
  readonly from_version: string;
  readonly to_version: string;
  /** What was granted until then, so that coming back to `from_version` gives it back. */
  readonly granted_before: readonly string[];
  readonly actor: string;
  /** Why the host moved it; null where somebody asked. */
  readonly reason: string | null;
  readonly at: string;
};

/**
 * A tenant that a rollout does not move: a code of the error table says why, or `ROLLED_BACK` that it was moved and went back.
 *
 * @experimental
 */
export type LeftOut = { readonly tenant_id: string; readonly code: string };

/**
 * How far a rollout has come; only one that is `running` goes on.
 *
 * @experimental
 */
export type RolloutState = 'running' | 'done' | 'halted' | 'cancelled';

/**
 * The newest rollout of a plugin: its tenants move to a version by growing shares.
 *
 * @experimental
 */
export type RolloutRow = {
  readonly id: string;
  readonly plugin_name: string;
  readonly version: string;
  /** `guard`: an evaluation has begun it, and watches whom it moves. */
  readonly gate: 'none' | 'trial' | 'guard';
  /** Shares of the tenants, increasing, above 0 and at most 1. */
  readonly steps: readonly number[];
  readonly steps_done: number;
  /** Between the end of one step and the next. */
  readonly wait_ms: number;
  readonly state: RolloutState;
  /** Why it was halted. */
  readonly reason: string | null;
  readonly left_out: readonly LeftOut[];
  /** The node that carries it on. */
  readonly node: string;
  readonly actor: string;
  readonly started_at: string;
  readonly updated_at: string;
};

/**
 * A rollout, and the revision that wrote it last.
 *
 * @experimental
 */
export type StoredRollout = RolloutRow & { readonly revision: number };

/**
 * Which share of a tenant's calls of a plugin is recorded, above 0 and at most 1; without a row none is.
 *
 * @experimental
 */
export type RecordingRow = { readonly tenant_id: string; readonly plugin_name: string; readonly share: number };

/**
 * One step of a commit.
 *
 * `put_release`: the version with the same digest again changes its offer and its trust alone; with another digest it is a
 * conflict.
 * `put_registration`: `expected` is the revision that the registration must have, 0 that there must be none; left out, either.
 * `put_rollout`: the same of the plugin's rollout. `add_move`: without a registration it is a conflict.
 * `put_recording`: a share of 0 is no row; without a registration it is a conflict. `forget_recordings` removes what was recorded.
 * `put_secret`: `sealed` is in every commit and in no step; `replaces` is the nonce that the stored one must have.
 * An unknown tenant, and a name that another tenant has, are conflicts, too. Removing what is not there is silent.
 * Removing a tenant removes its tokens, registrations and secrets; removing a plugin its releases, registrations, rollout
 * and secrets; removing a registration its moves, its share, and the tenant's secrets of the plugin. Each removes what was recorded.
 *
 * @experimental
 */
export type CatalogueChange =
  | { readonly kind: 'put_tenant'; readonly row: TenantRow }
  | { readonly kind: 'remove_tenant'; readonly tenant_id: string }
  | { readonly kind: 'put_token'; readonly row: TokenRow }
  | { readonly kind: 'remove_token'; readonly token_id: string }
  | { readonly kind: 'put_release'; readonly row: ReleaseRow }
  | { readonly kind: 'put_registration'; readonly row: RegistrationRow; readonly expected?: number }
  | { readonly kind: 'add_move'; readonly row: MoveRow }
  | { readonly kind: 'put_rollout'; readonly row: RolloutRow; readonly expected?: number }
  | { readonly kind: 'put_recording'; readonly row: RecordingRow }
  | { readonly kind: 'forget_recordings'; readonly tenant_id: string; readonly plugin_name: string }
  | { readonly kind: 'remove_registration'; readonly tenant_id: string; readonly plugin_name: string }
  | { readonly kind: 'remove_plugin'; readonly plugin_name: string }
  | { readonly kind: 'put_secret'; readonly row: SecretRow; readonly sealed?: SealedText; readonly replaces?: string }
  | {
      readonly kind: 'remove_secret';
      readonly tenant_id: string;
      readonly plugin_name: string;
      readonly name: string;
    };

/**
 * Who did what, for the audit log; `tenant_id` is null for what concerns the platform. `details` hold no secret.
 *
 * @public
 */
export type AuditEntry = {
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly tenant_id: string | null;
  readonly resource: string;
  readonly details: JsonObject;
};

/**
 * A line of the audit log: `text` is the entry's JSON, byte for byte what was hashed; `hash` chains it (see `audit-chain.ts`).
 *
 * @experimental
 */
export type AuditRow = { readonly seq: number; readonly text: string; readonly hash: string };

/**
 * Which lines are wanted: of one tenant or all; those that follow `after`, or else the newest. At most `rowsMax`.
 *
 * @experimental
 */
export type AuditQuery = { readonly tenant?: string; readonly after?: number; readonly rowsMax: number };

/**
 * Lines in order, and the newest one that there is: a log that was cut at its end does not reach it.
 *
 * @experimental
 */
export type AuditPage = {
  readonly rows: readonly AuditRow[];
  readonly head: { readonly seq: number; readonly hash: string };
};

/**
 * Changes that belong together, and the one line that the audit log says of them.
 *
 * @experimental
 */
export type CatalogueWrite = { readonly changes: readonly CatalogueChange[]; readonly audit: AuditEntry };

/**
 * `conflict` names the first change, by its index, that does not fit what is there; nothing was written.
 *
 * @experimental
 */
export type Committed =
  { readonly kind: 'done'; readonly revision: number } | { readonly kind: 'conflict'; readonly index: number };

/**
 * All of it as of a revision; releases, registrations and secrets in order of their first storing, moves in theirs.
 *
 * @experimental
 */
export type CatalogueRows = {
  readonly revision: number;
  readonly tenants: readonly TenantRow[];
  readonly tokens: readonly TokenRow[];
  readonly releases: readonly ReleaseRow[];
  readonly registrations: readonly StoredRegistration[];
  readonly secrets: readonly SecretRow[];
  readonly moves: readonly MoveRow[];
  readonly rollouts: readonly StoredRollout[];
  /** Sorted by plugin and tenant. */
  readonly recordings: readonly RecordingRow[];
};

/**
 * What one commit changed.
 *
 * @experimental
 */
export type CatalogueStep = { readonly revision: number; readonly changes: readonly CatalogueChange[] };

/**
 * The catalogue's part of the Storage port.
 *
 * @experimental
 */
export interface CatalogueStorage {
  /** A new storage has revision 0 and the tenant `default`. */
  readCatalogue(): Promise<CatalogueRows>;
  /** The commits after a revision, in order; undefined where they are no longer kept: then read the whole again. */
  readSteps(after: number): Promise<readonly CatalogueStep[] | undefined>;
  commit(write: CatalogueWrite): Promise<Committed>;
  /**
   * Tells of commits that other nodes made; a notice may be missed, come twice, or come for one's own. Returns how to
   * stop it.
   */
  watch(didCommit: () => void): () => void;
  /** Lines after a number, at most `rowsMax`, oldest first. */
  readAudit(after: number, rowsMax: number): Promise<AuditPage>;
  /** Lines for a reader, oldest first. */
  listAudit(query: AuditQuery): Promise<readonly AuditRow[]>;
}
