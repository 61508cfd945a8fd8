/**
 * The tables as Kysely sees them: what is read, what must be given at an insert, what may be changed. They follow the last
 * migration. `json` and `jsonb` columns are written as text, because pg would write a JavaScript list as a PostgreSQL array.
 */
import type {
  AgentRun,
  AgentRunStatus,
  GuestReady,
  JsonObject,
  JsonValue,
  LifecycleState,
  Outcome,
  Task,
  TaskKind,
  Tier,
} from '@bulkhead/protocol';
import type {
  AgentRunRow,
  ArtifactRow,
  CatalogueChange,
  Evaluation,
  EvaluationChange,
  EvaluationWithReport,
  LedgerRow,
  MoveKind,
  NodeReport,
  EventRow,
  Quota,
  RecordedCall,
  ReleaseRow,
  RolloutRow,
  SealedSecret,
  SeenIndex,
  TaskState,
  AuditedResult,
  TokenRow,
  TrialRow,
  UsageRow,
} from '@bulkhead/host';
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

/** A point in time: ISO 8601 text both ways, and the server's clock where none is given. */
type Time = ColumnType<string, string | undefined, string>;
/** A document of which a default is in the table. */
type Json<Document> = ColumnType<Document, string | undefined, string>;

/** Rows that are listed in the order of their first storing. */
type Numbered = { readonly seq: GeneratedAlways<number> };

/** Who is kept apart from whom; `word` is what calls say where that is not the id. */
export type TenantsTable = {
  readonly id: Generated<string>;
  readonly seq: GeneratedAlways<number>;
  readonly word: string | null;
  readonly name: string;
  readonly min_tier: Tier | null;
  readonly quota: Json<Quota>;
  readonly created_at: Time;
  readonly updated_at: Time;
};

/** Tokens of tenants, by the digests of their texts. */
export type ApiTokensTable = TokenRow & Numbered;

/** Versions of plugins; all but the offer, the trust and the signer never changes. */
export type PluginReleasesTable = {
  readonly plugin_name: string;
  readonly version: string;
  readonly seq: GeneratedAlways<number>;
  readonly digest: string;
  readonly place: string;
  readonly manifest: ColumnType<JsonObject, string, never>;
  readonly findings: ColumnType<ReleaseRow['findings'], string, never>;
  readonly is_public: boolean;
  readonly offered_to: readonly string[];
  readonly is_trusted: boolean;
  readonly origin: Json<ReleaseRow['origin']>;
  readonly installed_at: string;
};

/** Which release a tenant runs, and how (F003-38). */
export type PluginRegistrationsTable = {
  readonly id: Generated<string>;
  readonly tenant_id: string;
  readonly plugin_name: string;
  readonly plugin_version: string;
  readonly enabled: Generated<boolean>;
  readonly config: Json<JsonObject>;
  readonly granted_permissions: Json<readonly string[]>;
  readonly installed_at: Time;
  readonly updated_at: Time;
};

/** The commit that wrote a registration last; `seq` is the order of their first storing. */
export type RegistrationRevisionsTable = {
  readonly registration_id: string;
  readonly seq: GeneratedAlways<number>;
  readonly revision: number;
};

/** Moves of a registration from release to release, in their order. */
export type RegistrationMovesTable = {
  readonly seq: GeneratedAlways<number>;
  readonly registration_id: string;
  readonly kind: MoveKind;
  readonly from_version: string;
  readonly to_version: string;
  readonly granted_before: ColumnType<readonly string[], string, never>;
  readonly actor: string;
  readonly reason: string | null;
  readonly at: string;
};

/** The newest rollout of each plugin. */
export type PluginRolloutsTable = {
  readonly plugin_name: string;
  readonly id: string;
  readonly version: string;
  readonly gate: RolloutRow['gate'];
  readonly steps: ColumnType<readonly number[], string, string>;
  readonly steps_done: number;
  readonly wait_ms: number;
  readonly state: RolloutRow['state'];
  readonly reason: string | null;
  readonly left_out: ColumnType<RolloutRow['left_out'], string, string>;
  readonly node: string;
  readonly actor: string;
  readonly started_at: string;
  readonly updated_at: string;
  readonly revision: number;
};

/** One row: the newest line of the audit log. */
export type AuditHeadTable = { readonly is_only: boolean; readonly seq: number; readonly hash: string };

/** Lines of the audit log; `tenant_id` is what `text` says, as JSON without its quotes. */
export type AuditLogTable = {
  readonly seq: number;
  readonly text: string;
  readonly hash: string;
  readonly tenant_id: GeneratedAlways<string | null>;
};

/** Secrets of tenants, encrypted by the host. */
export type SecretsTable = SealedSecret & Numbered;

/** What plugins remember; `content` is `json`, which keeps it as it was written. */
export type MemoryArtifactsTable = {
  readonly tenant_id: string;
  readonly plugin_name: string;
  readonly id: string;
  readonly content: ColumnType<JsonValue, string, never>;
  readonly source: string;
  readonly timestamp: string;
  readonly tags: ColumnType<readonly string[], string, never>;
  readonly confidence: number;
  readonly related_artifacts: ColumnType<readonly string[], string, never>;
  readonly search_text: string;
};

/** What each commit changed. */
export type CatalogueStepsTable = {
  readonly revision: number;
  readonly changes: ColumnType<readonly CatalogueChange[], string, never>;
};

/** Transitions of plugins; `scope` is `*` for what concerns every scope. */
export type PluginTransitionsTable = {
  readonly seq: GeneratedAlways<number>;
  readonly plugin_name: string;
  readonly scope: string;
  readonly digest: string;
  readonly from_state: LifecycleState;
  readonly to_state: LifecycleState;
  readonly cause: string;
  readonly reason: string | null;
  readonly at: string;
  readonly last_at: string;
  readonly times: number;
};

/** Calls; the last four columns are null until a call has ended. */
export type CallLedgerTable = LedgerRow;

/** Idempotency keys; `outcome` is null while the call runs. */
export type IdempotencyKeysTable = {
  readonly id: string;
  readonly params_hash: string;
  readonly call_id: string;
  readonly node: string;
  readonly tenant_id: string;
  readonly plugin_name: string;
  readonly tool: string;
  readonly claimed_at: string;
  readonly expires_at: string;
  readonly outcome: ColumnType<Outcome | null, string | null, string | null>;
};

/** How trial loads ended. */
export type PluginTrialsTable = {
  readonly digest: string;
  readonly tier: Tier;
  readonly node_version: string;
  readonly state: TrialRow['state'];
  readonly code: string | null;
  readonly reason: string | null;
  readonly ready: ColumnType<GuestReady | null, string | null, string | null>;
  readonly health: TrialRow['health'];
  readonly tried_at: string;
};

/** Artifacts that nodes share; `put_at` is when one was put last. */
export type PluginArtifactsTable = {
  readonly digest: string;
  readonly bytes: ColumnType<ArtifactRow['bytes'], Buffer, never>;
  readonly source_map: ColumnType<ArtifactRow['source_map'], Buffer | null, never>;
  readonly put_at: string;
};

/** Nodes, each with its last sign of life. */
export type NodesTable = Omit<NodeReport, 'plugins'> & {
  readonly heartbeat_at: Time;
  readonly plugins: ColumnType<NodeReport['plugins'], string, string>;
};

/** Events for other nodes; kept for minutes. */
export type PluginEventsTable = {
  readonly seq: GeneratedAlways<number>;
  readonly id: string;
  readonly node: string;
  readonly depth: number;
  readonly at: string;
  /** Null where it concerns every tenant. */
  readonly tenant_id: string | null;
  readonly event: ColumnType<EventRow['event'], string, never>;
};

/** Runs of agents; `run` is all of one. */
export type AgentRunsTable = {
  readonly id: string;
  readonly tenant_id: string;
  readonly node: string;
  readonly status: AgentRunStatus;
  readonly created_at: string;
  readonly run: ColumnType<AgentRun, string, string>;
  readonly messages: ColumnType<AgentRunRow['messages'], string | null, string | null>;
};

/** Which share of a registration's calls is recorded; none without a row. */
export type RegistrationRecordingsTable = { readonly registration_id: string; readonly share: number };

/** Calls that were recorded. */
export type RecordedCallsTable = Omit<RecordedCall, 'params' | 'result'> & {
  readonly params: ColumnType<RecordedCall['params'], string, never>;
  readonly result: ColumnType<RecordedCall['result'], string | null, never>;
};

/** Evaluations; `tenant_word` is how calls name the tenant. */
export type EvaluationsTable = Omit<Evaluation, 'state' | 'changes' | 'verdict' | 'reasons' | 'summary' | 'node'> & {
  readonly tenant_word: string | null;
  readonly state: ColumnType<Evaluation['state'], Evaluation['state'], Evaluation['state']>;
  readonly verdict: string | null;
  readonly reasons: ColumnType<Evaluation['reasons'], string, string>;
  readonly summary: ColumnType<Evaluation['summary'], string, string>;
  readonly report: ColumnType<EvaluationWithReport['report'], string | null, string>;
  readonly node: string;
};

/** Changes of state of evaluations. */
export type EvaluationChangesTable = EvaluationChange & { readonly evaluation_id: string; readonly number: number };

/** Lines of tasks; `queue` is where pg-boss has their jobs. */
export type TaskLinesTable = {
  readonly id: GeneratedAlways<number>;
  readonly queue: string;
  readonly tenant_id: string;
  readonly tenant_word: string | null;
  readonly kind: TaskKind;
  readonly requires: readonly string[];
};

/** Tasks; `attempts` counts on from what `task` says, and `turn` is when its tenant was served by it. */
export type QueuedTasksTable = {
  readonly id: string;
  readonly seq: GeneratedAlways<number>;
  readonly job_id: Generated<string>;
  readonly line_id: number;
  readonly tenant_id: string;
  readonly task: ColumnType<Task, string, never>;
  readonly attempts: number;
  readonly state: Generated<TaskState>;
  readonly priority: number;
  readonly is_front: Generated<boolean>;
  readonly deadline: string | null;
  readonly max_retry: number;
  readonly available_at: string;
  readonly ended_at: string | null;
  readonly worker_id: string | null;
  readonly lease: string | null;
  readonly lease_until: string | null;
  readonly leases_lost: Generated<number>;
  readonly turn: number | null;
  readonly skipped_by: Generated<readonly string[]>;
  readonly reason: string | null;
};

/** Results of tasks, one each. */
export type TaskResultsTable = {
  readonly task_id: string;
  /** Of one that is kept as an artifact. */
  readonly digest: string | null;
  readonly result: ColumnType<AuditedResult, string, string>;
};

/** Results that are large, whole, by the SHA-256 of their text. */
export type TaskArtifactsTable = {
  readonly digest: string;
  readonly result: ColumnType<AuditedResult, string, string>;
};

/** Workers that were heard; `kinds` is null where one wants all. */
export type TaskWorkersTable = {
  readonly id: string;
  /** Whose tasks it is given; the nil UUID stands for all tenants. */
  readonly tenant_id: string;
  readonly tags: readonly string[];
  readonly kinds: readonly TaskKind[] | null;
  readonly seen_at: string;
};

/** Every table of ours, by its name. */
export type Tables = {
  readonly tenants: TenantsTable;
  readonly api_tokens: ApiTokensTable;
  readonly plugin_releases: PluginReleasesTable;
  readonly plugin_registrations: PluginRegistrationsTable;
  readonly registration_revisions: RegistrationRevisionsTable;
  readonly registration_moves: RegistrationMovesTable;
  readonly plugin_rollouts: PluginRolloutsTable;
  readonly audit_head: AuditHeadTable;
  readonly audit_log: AuditLogTable;
  readonly catalogue_steps: CatalogueStepsTable;
  readonly secrets: SecretsTable;
  readonly plugin_transitions: PluginTransitionsTable;
  readonly call_ledger: CallLedgerTable;
  readonly idempotency_keys: IdempotencyKeysTable;
  readonly plugin_trials: PluginTrialsTable;
  readonly plugin_artifacts: PluginArtifactsTable;
  readonly nodes: NodesTable;
  readonly memory_artifacts: MemoryArtifactsTable;
  readonly plugin_events: PluginEventsTable;
  readonly seen_indexes: SeenIndex;
  readonly agent_runs: AgentRunsTable;
  readonly registration_recordings: RegistrationRecordingsTable;
  readonly recorded_calls: RecordedCallsTable;
  readonly evaluations: EvaluationsTable;
  readonly evaluation_changes: EvaluationChangesTable;
  readonly tenant_usage: UsageRow;
  readonly task_lines: TaskLinesTable;
  readonly queued_tasks: QueuedTasksTable;
  readonly task_results: TaskResultsTable;
  readonly task_artifacts: TaskArtifactsTable;
  readonly task_workers: TaskWorkersTable;
};
