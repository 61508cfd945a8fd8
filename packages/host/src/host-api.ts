/**
 * What an embedder sees of a host. The server and the command line are embedders like any other.
 */
import type {
  Digest,
  EntryPointGroup,
  Finding,
  GuestReady,
  IndexOrigin,
  JsonObject,
  ListedEntry,
  ListedTool,
  LogLevel,
  Manifest,
  Outcome,
  PluginHealth,
  PluginName,
  Progress,
  Receipt,
  Tier,
  Version,
} from '@bulkhead/protocol';
import type { Log } from './base/log.ts';
import type { CassetteOptions } from './egress/cassette.ts';
import type { AuditLog } from './storage/audit-log.ts';
import type { Secrets } from './catalogue/secrets.ts';
import type { Tenants } from './catalogue/tenants.ts';
import type { Tokens } from './catalogue/tokens.ts';
import type { Nodes } from './nodes/nodes.ts';
import type { Release } from './catalogue/releases.ts';
import type { ComparedWithCurrent, ReleaseList } from './moves/list-releases.ts';
import type { RolloutRequest } from './moves/rollout.ts';
import type { Gate } from './gate/gate.ts';
import type { ReleaseJudge } from './gate-api.ts';
import type { GuardPolicy } from './install/install-path.ts';
import type { MoveGate } from './moves/upgrade.ts';
import type { Evaluations } from './evaluations/evaluations.ts';
import type { RecordingOptions, Recordings } from './recordings-api.ts';
import type { Harness, HarnessOptions } from './harness-api.ts';
import type { HookRule } from './hooks/declared-hook.ts';
import type { BackendRule } from './llm/backends.ts';
import type { Agents } from './agents/agents.ts';
import type { LanguageModels } from './llm/llm.ts';
import type { IndexedFrom } from './plugin-index/read-index.ts';
import type { JournalSource } from './journal/journal.ts';
import type { RefusedAttempt } from './refusals/refusals.ts';
import type { HealthView, LastHealth } from './registry/health.ts';
import type { UnsignedPolicy } from './install/judge-signature.ts';
import type { Transition } from './registry/history.ts';
import type { Refusal, Registry } from './registry/registry.ts';
import type { Offers } from './offers-api.ts';
import type { CallClient, CallLine, Chunk } from './sandbox/sandbox.ts';
import type { ThreadView } from './services/threads.ts';
import type { StoredRegistration, StoredRollout } from './storage/catalogue-port.ts';
import type { Storage } from './storage/port.ts';
import type { LedgerRow } from './storage/records-port.ts';

/**
 * How a host is opened; every field has a default.
 *
 * @public
 */
export type HostOptions = {
  /**
   * Where tenants, releases, transitions and the ledger are kept; in memory by default. A function is called once the data
   * directory is held, so that what it opens there is nobody else's. The host closes it.
   */
  readonly storage?: Storage | (() => Promise<Storage>);
  /** Refuses to start where the machine's sandbox is weaker (`SANDBOX_TOO_WEAK`). */
  readonly minTier?: Tier;
  /** The least tier for releases that were published and not installed; `confined` by default (DESIGN 6). */
  readonly untrustedMinTier?: Tier;
  /** What becomes of an archive that nobody signed: `warn` by default, a finding that is kept with its release. */
  readonly unsigned?: UnsignedPolicy;
  /**
   * Public keys (`ed25519:BASE64`) whose signatures are taken. Without any, every key's are, and the first that signed a
   * release of a plugin is the one that may sign the next.
   */
  readonly trustedKeys?: readonly string[];
  /** Folder for artifacts, held by one host at a time; without it they live in memory. */
  readonly dataDir?: string;
  /**
   * Keys that secrets are encrypted with: 32 bytes each, in base64. The first encrypts, the others are read until a rotation
   * has ended. Without any, keys are made and kept in `dataDir`, or in memory. Hosts that share a storage are given the same.
   */
  readonly secretsKeys?: readonly string[];
  readonly log?: Log;
  /** `implicit` (default): every well-formed tenant id is known. `explicit`: `default` and those that were added. */
  readonly tenants?: 'implicit' | 'explicit';
  /** Host capabilities granted to a plugin at install, by plugin name. */
  readonly grants?: Readonly<Record<string, readonly string[]>>;
  /**
   * Plugins whose manifest's scope `shared` is followed: their instances serve all tenants. Any other that asks for it has
   * instances for each tenant.
   */
  readonly sharedPlugins?: readonly string[];
  /**
   * Hosts with their ports, such as `localhost:11434`, that plugins may reach though they are of a private network, and without
   * encryption: those plugins that list them in `network.allow` and were granted `internet`. None by default.
   */
  readonly privateHosts?: readonly string[];
  /** How hooks are asked, by plugin, where the operator decides it and not the plugin. */
  readonly hooks?: Readonly<Record<string, HookRule>>;
  /** Which backends of language models take part, and how; each plugin's alike where it is left out. */
  readonly llm?: { readonly backends?: readonly BackendRule[] };
  /**
   * Hosts with their ports, by the plugin's name, that it may reach beside those of its `network.allow`, and that may be given its
   * secrets beside those of `secrets.*.hosts`: for plugins whose configuration says where a service is. None by default.
   */
  readonly pluginHosts?: Readonly<Record<string, readonly string[]>>;
  /**
   * For tests: `record` keeps what plugins send with `fetch` and are answered, without keys, and writes it to the file when the host is
   * closed; `replay` answers from the file, and lets nothing out. Off where it is left out.
   */
  readonly cassette?: CassetteOptions;
  /**
   * Who compares releases, for moves that evidence decides: `createReleaseJudge()` of `@bulkhead/guard`. A function is called when
   * there is something to judge for the first time. Nobody by default.
   */
  readonly judge?: ReleaseJudge | (() => Promise<ReleaseJudge>);
  /** `required`: registrations go to another release by evaluations alone, and back as ever; `optional` by default. */
  readonly guard?: GuardPolicy;
  /** How calls are recorded for evaluations, where a tenant's administrator asks for it. */
  readonly recording?: RecordingOptions;
  /** Spares of the default shape in the warm pool; 1 by default, 0 for none. */
  readonly spareCount?: number;
  /** Memory of those spares in MiB, which is that of a plugin without limits of its own by default: one of another size starts cold. */
  readonly spareMemoryMb?: number;
  /** How long the process that reviews plugins waits for its next job, in milliseconds; 10 seconds by default. */
  readonly workshopIdleMs?: number;
  /**
   * `now` (default) measures the sandbox when the host opens. `lately` takes what was measured within the hour by the same user in the
   * same boot with the same programs, from the user's cache folder; for hosts that end soon. The receipt says when that was. There such
   * a host also keeps, and finds, what came of installs with `mayRecallTrial`.
   */
  readonly measured?: 'now' | 'lately';
  /** Uses this tier or the strongest below it, instead of the strongest there is; for tests of weaker tiers. */
  readonly tierMax?: Tier;
  /** Turns a broken startup audit from a warning into an error (X001-8). */
  readonly isStrict?: boolean;
  /** How long an instance that nobody calls lives on, in milliseconds; the next call starts one. */
  readonly idleTimeoutMs?: number;
  /**
   * Between two health checks of an instance, in milliseconds; 5 minutes by default. A plugin whose configuration has a number
   * `interval` is asked every so many seconds instead.
   */
  readonly healthIntervalMs?: number;
  /**
   * Calls of one plugin by one tenant in a second, where its manifest allows no fewer; 100,000 by default. Beyond it calls are refused
   * (`PLUGIN_RATE_EXCEEDED`).
   */
  readonly pluginCallsPerSecond?: number;
  /** How long a health check may take, in milliseconds; 5 seconds by default. */
  readonly healthTimeoutMs?: number;
  /** Calls in flight of the whole host, 10,000 by default; more wait for their turn, tenants by their weight. */
  readonly callsInFlightMax?: number;
};

/**
 * A release as an embedder sees it. `findings` are the review's warnings, kept with it.
 *
 * @public
 */
export type InstalledRelease = {
  readonly name: PluginName;
  readonly version: Version;
  /** Undefined where a requirement is missing: nothing was reviewed or stored. */
  readonly digest: Digest | undefined;
  readonly state: PluginHealth['state'];
  readonly reason: string | undefined;
  readonly findings: readonly Finding[];
  /** Why what the folder now holds does not serve, with file and line where they are known; empty where it does. */
  readonly problems: readonly Finding[];
};

/**
 * One call of a tool.
 *
 * @public
 */
export type CallRequest = {
  readonly plugin: string;
  readonly tool: string;
  readonly params?: unknown;
  /** `default` where it is left out. */
  readonly tenant?: string | undefined;
  /** Whole milliseconds; clipped to the plugin's own limit, which is also the default. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * 1 to 256 characters. The same key, of the same tenant, plugin and tool, with the same params within 24 hours is answered
   * with the outcome of the call that took it, and nothing runs again.
   */
  readonly idempotencyKey?: string | undefined;
  /** Scopes of the caller; undefined means all, as a token made without scopes has. */
  readonly scopes?: readonly string[] | undefined;
  /** Hears how far the call is, as its plugin says: at most ten times a second. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Hears what the plugin logs while it works on the call: at most a hundred lines a second. */
  readonly onLog?: ((line: CallLine) => void) | undefined;
  /** Whom the plugin may ask while it works on the call; nobody where it is left out. */
  readonly client?: CallClient | undefined;
};

/**
 * A call whose result is read piece by piece.
 *
 * @experimental
 */
export type StreamRequest = CallRequest | EntryRequest;

/**
 * A call whose result comes piece by piece, read once. The plugin is ahead of its reader by half a MiB at most; a reader that stops
 * before the end cancels the call. `outcome` never rejects: its value is what the tool returned beside its pieces, null where that is
 * nothing. A tool that does not stream gives no piece, and neither does a call with hooks around it or an idempotency key: then the
 * value is the whole.
 *
 * @experimental
 */
export type CallStream = AsyncIterable<Chunk, void, undefined> & { readonly outcome: Promise<Outcome> };

/**
 * One call of a method of an entry point (ADR 16): a task handler, an LLM backend, a selector, an executor, a monitor.
 *
 * @experimental
 */
export type EntryRequest = {
  readonly plugin: string;
  /** Any group but `tools`, with or without `bulkhead.` in front. */
  readonly group: Exclude<EntryPointGroup, 'tools'> | `bulkhead.${Exclude<EntryPointGroup, 'tools'>}`;
  readonly name: string;
  /** One of the group's, such as `handle`. */
  readonly method: string;
  /** Positional, JSON. */
  readonly args?: readonly unknown[];
  /** `default` where it is left out. */
  readonly tenant?: string | undefined;
  /** Whole milliseconds; clipped to the plugin's own limit, which is also the default. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * What to run without a tool: a named export of a plugin's main, or of a file that is reviewed and bundled alike.
 *
 * @public
 */
export type SandboxedFunction = ({ readonly file: string } | { readonly plugin: string }) & {
  readonly fn: string;
  readonly tenant?: string;
  readonly signal?: AbortSignal;
  readonly limits?: {
    readonly timeout_ms?: number;
    readonly cpu_ms?: number;
    readonly memory_mb?: number;
    readonly output_bytes?: number;
  };
};

/**
 * An archive that was sent, with the text of its signature; `npm` names the package where it is one of npm's, `index` what it
 * was listed as where it was fetched from an index.
 *
 * @internal
 */
export type Upload = {
  readonly bytes: Uint8Array;
  readonly signature?: string;
  readonly npm?: string;
  readonly index?: IndexedFrom;
};

/**
 * Whom an install is for, and what it is granted.
 *
 * @public
 */
export type InstallOptions = {
  /** Registers the release for this tenant only; for all where it is left out. */
  readonly tenant?: string;
  /** Host capabilities granted to the registration. */
  readonly grant?: readonly string[];
  /**
   * Believes the record of an earlier trial that went well, of the same content at the same tier and Node, and tries nothing. On a host
   * that is `measured: 'lately'` what review and bundling made of the same files before is taken, too.
   */
  readonly mayRecallTrial?: boolean;
};

/**
 * How a tenant's registration is made. `grant` replaces what was granted; `config` what was configured.
 *
 * @public
 */
export type RegistrationOptions = {
  /** `default` where it is left out. */
  readonly tenant?: string;
  readonly config?: JsonObject;
  /** Host capabilities that the release asks for; what is not named is not granted. */
  readonly grant?: readonly string[];
  /** Who acts, for the audit log. */
  readonly by?: string;
  /** Whoever acts may see releases that are not offered to the tenant; taken where it may see no other. */
  readonly isPlatform?: boolean;
};

/**
 * Whose registration is changed, and what it is expected to be.
 *
 * @public
 */
export type ChangeOptions = {
  /** `default` where it is left out. */
  readonly tenant?: string;
  /** The revision that it must have. */
  readonly expected?: number;
  readonly by?: string;
};

/**
 * `cascade`: what depends on the plugin is disabled with it, first.
 *
 * @public
 */
export type DisableOptions = ChangeOptions & { readonly cascade?: boolean };

/**
 * Who looks: the platform sees every release, a tenant those that are public, offered to it, or its own.
 *
 * @public
 */
export type ViewOptions = {
  /** `default` where it is left out. */
  readonly tenant?: string;
  readonly isPlatform?: boolean;
};

/**
 * To which release a registration is moved, and what lets it in: `trial` where it is left out.
 *
 * @public
 */
export type UpgradeOptions = ChangeOptions &
  ViewOptions & {
    readonly version: string;
    readonly gate?: MoveGate;
    /** Consents to what the release asks for beyond the one in use: what is named is granted, also where nothing is. */
    readonly grant?: readonly string[];
  };

/**
 * To which release a registration comes back: the one before its last upgrade where it is left out.
 *
 * @public
 */
export type RollbackOptions = ChangeOptions & ViewOptions & { readonly version?: string };

/**
 * The registrations of a host; `tenant` is `default` where it is left out. Changes hold for the next call, without a restart.
 *
 * @public
 */
export type Registrations = {
  /** Newest releases of the plugins that a tenant may enable, sorted by name; only those of a capability, where one is named. */
  readonly available: (tenant?: string, isPlatform?: boolean, capability?: string) => readonly Manifest[];
  /** Newest first. */
  readonly of: (tenant?: string) => readonly StoredRegistration[];
  /**
   * Makes a registration of the plugin's newest release, or enables it again: config and grants stay unless they are given.
   * One that is enabled keeps its release, and so does one of which the newest asks for more, unless a grant is given.
   *
   * @throws {HostError} `PLUGIN_NOT_FOUND`, `CONFIG_INVALID`, `VALIDATION_FAILED` for a grant that is not asked for.
   */
  readonly enable: (plugin: string, options?: RegistrationOptions) => Promise<StoredRegistration>;
  /** Keeps config and grants. @throws {HostError} `PLUGIN_NOT_FOUND`; `DEPENDENTS_ENABLED` where others need it and `cascade` is not asked for. */
  readonly disable: (plugin: string, options?: DisableOptions) => Promise<StoredRegistration>;
  /** Replaces the configuration, also of guests that run. @throws {HostError} `PLUGIN_NOT_FOUND`, `CONFIG_INVALID`, `REVISION_CONFLICT`. */
  readonly configure: (plugin: string, config: JsonObject, options?: ChangeOptions) => Promise<StoredRegistration>;
  /**
   * Moves a registration to another release, after it was tried for the tenant: new calls go to it, those in flight end on
   * the old one. Where it fails nothing has changed.
   *
   * @throws {HostError} `PLUGIN_NOT_FOUND`, `RELEASE_NOT_FOUND`, `CAPABILITY_CHANGE`, `TRIAL_FAILED`, `CONFIG_INVALID`,
   *   `VALIDATION_FAILED`, `GUARD_REQUIRED`, `REVISION_CONFLICT`, `ARTIFACT_MISSING`.
   */
  readonly upgrade: (plugin: string, options: UpgradeOptions) => Promise<StoredRegistration>;
  /** Moves it back. @throws {HostError} `PLUGIN_NOT_FOUND`, `RELEASE_NOT_FOUND`, `REVISION_CONFLICT`, `ARTIFACT_MISSING`. */
  readonly rollback: (plugin: string, options?: RollbackOptions) => Promise<StoredRegistration>;
  /** The releases that there are, and the moves so far. @throws {HostError} `PLUGIN_NOT_FOUND`. */
  readonly releases: (plugin: string, options?: ViewOptions) => ReleaseList;
  /** A release against the one that the tenant runs. @throws {HostError} `RELEASE_NOT_FOUND`. */
  readonly compare: (plugin: string, version: string, options?: ViewOptions) => Promise<ComparedWithCurrent>;
  /**
   * Begins to move all tenants that have the plugin enabled, by growing shares; it goes on behind the caller, and over a
   * restart. It halts where the host rolls a moved tenant back, or the release does not load; tenants that would have to
   * consent are left out.
   *
   * @throws {HostError} `RELEASE_NOT_FOUND`, `VALIDATION_FAILED`, `ROLLOUT_RUNNING`, `GUARD_REQUIRED`.
   */
  readonly rollout: (plugin: string, request: RolloutRequest) => Promise<StoredRollout>;
  /** The newest rollout of a plugin. */
  readonly rolloutOf: (plugin: string) => StoredRollout | undefined;
  /** Ends the one that is under way; who has moved stays moved. @throws {HostError} `ROLLOUT_NOT_FOUND`. */
  readonly cancelRollout: (plugin: string, by: string) => Promise<StoredRollout>;
  /** Says which tenants may see a release, `*` all of them. @throws {HostError} `RELEASE_NOT_FOUND`, `TENANT_NOT_FOUND`. */
  readonly offer: (
    plugin: string,
    version: string,
    offer: { readonly tenants: readonly string[]; readonly by?: string },
  ) => Promise<Release>;
};

/**
 * A line of a plugin's log; `cursor` is what a reader goes on after.
 *
 * @public
 */
export type PluginLogLine = {
  readonly cursor: string;
  readonly at: string;
  readonly source: JournalSource;
  readonly level: LogLevel | null;
  readonly text: string;
  readonly fields: JsonObject | null;
  readonly instance_id: string | null;
  readonly call_id: string | null;
};

/**
 * Lines in their order; `next` is what to go on after. `has_gap`: lines before these are no longer kept.
 *
 * @public
 */
export type PluginLogPage = {
  readonly lines: readonly PluginLogLine[];
  readonly next: string;
  readonly has_gap: boolean;
};

/**
 * The logs of plugins, in memory, by tenant; whoever reads one answers for being allowed to.
 *
 * @public
 */
export type PluginLogs = {
  /** Reads the newest lines, or the first ones after a cursor; one of an earlier host stands for its beginning. */
  readonly read: (
    plugin: string,
    wanted: {
      readonly tenant: string;
      readonly after?: string | undefined;
      readonly linesMax: number;
      /** Who reads is shown the server's folders, and what instances said that serve every tenant. */
      readonly isPlatform?: boolean;
    },
  ) => PluginLogPage;
  /** Calls `didAdd` after each new line until the returned function is called. */
  readonly watch: (
    plugin: string,
    wanted: { readonly tenant: string; readonly isPlatform?: boolean },
    didAdd: () => void,
  ) => () => void;
};

/**
 * One instance of a plugin; figures are null where they are not known. `pid` is for the platform alone, and so are instances
 * that serve every tenant (`shared`).
 *
 * @public
 */
export type PluginInstance = {
  readonly instance_id: string;
  readonly scope: Manifest['sandbox']['scope'];
  readonly pid?: number;
  readonly version: string;
  readonly digest: string;
  readonly tier: Tier;
  readonly state: string;
  readonly uptime_seconds: number;
  readonly calls_in_flight: number;
  readonly cpu_ms: number | null;
  readonly rss_bytes: number | null;
  readonly peak_rss_bytes: number | null;
  readonly thread_count: number | null;
  readonly open_handles: number | null;
};

/**
 * A thread of an instance (X004-7). `silent`: it gives no heartbeat; `dead`: it threw.
 *
 * @public
 */
export type PluginThread = ThreadView & { readonly instance_id: string };

/**
 * What the host knows of a plugin for one tenant; sums are over its instances (F004-26).
 *
 * @public
 */
export type PluginDebug = {
  readonly plugin: string;
  readonly tenant_id: string;
  readonly status: PluginHealth | null;
  readonly memory_usage: { readonly rss_bytes: number | null; readonly peak_rss_bytes: number | null };
  readonly thread_count: number | null;
  readonly open_handles: number | null;
  readonly waiting_calls: number;
  /** What the plugin's health check said last, or the host in its place. */
  readonly health_report: LastHealth;
  readonly threads: readonly PluginThread[];
  readonly instances: readonly PluginInstance[];
  /** What an MCP server tried and was refused, as far as it says so; the newest last. */
  readonly refused: readonly RefusedAttempt[];
  readonly error_log: readonly PluginLogLine[];
  /** Null while the storage is away. */
  readonly last_calls: readonly Omit<LedgerRow, 'node' | 'tenant_id' | 'plugin_name'>[] | null;
  readonly transitions: readonly Transition[];
};

/**
 * A running host. Every method may be called at the same time as any other; `close` ends them all.
 *
 * @public
 */
export type Host = AsyncDisposable & {
  readonly registry: Registry;
  /** What the sandbox was measured to be on this machine. */
  readonly receipt: Receipt;
  /** The nodes that share the storage, this one among them, as they were heard last. */
  readonly nodes: Pick<Nodes, 'list' | 'drain'>;
  /** Tenants and their tokens, for whoever lets others in; no call asks for a token. */
  readonly tenants: Tenants;
  readonly tokens: Tokens;
  /** Which plugins a tenant may call, with which configuration and permissions. */
  readonly registrations: Registrations;
  /** Secrets of tenants, by the names that manifests declare; no value can be read. */
  readonly secrets: Secrets;
  /** What administrators did, and whether the record of it is whole. */
  readonly audit: AuditLog;
  /**
   * Installs a plugin folder, or an archive in a file, and tries it once. What comes from an archive needs the sandbox of
   * `untrustedMinTier`.
   *
   * @throws {HostError} with findings where it is refused: `ARCHIVE_PATH`, `SIGNATURE_INVALID`, `MANIFEST_INVALID`, `REVIEW_REFUSED`, …
   *   A plugin that lacks something, or throws at load, is installed all the same and says so in `state` and `reason`.
   */
  readonly install: (path: string, options?: InstallOptions) => Promise<InstalledRelease>;
  /**
   * Stores the release in a folder, an archive or an upload beside the others of its plugin, wherever those came from, and tries it once. It is
   * registered for nobody and may be seen by nobody until it is offered; a tenant is moved to it by an upgrade.
   *
   * @throws {HostError} with findings where it is refused, as `install`; `RELEASE_EXISTS` for other content of a version.
   */
  readonly publish: (what: string | Upload, options?: { readonly by?: string }) => Promise<InstalledRelease>;
  /**
   * Notes which serial of an index was verified, so that no older one of that name and key is taken from now on, whether anything is
   * installed from it or not. What `publish` is given it notes by itself.
   *
   * @throws {HostError} `INDEX_STALE` where a newer one was seen before.
   */
  readonly seeIndex: (origin: IndexOrigin) => Promise<void>;
  /** Installs each plugin folder below `dir`; what is refused is listed, never thrown. */
  readonly installAll: (
    dir: string,
    options?: InstallOptions,
  ) => Promise<{
    readonly installed: readonly InstalledRelease[];
    readonly refused: readonly Refusal[];
  }>;
  /** Reads a plugin's folder again; new guests take new calls, also where nothing in it has changed, while those in flight end in the old ones. */
  readonly reload: (name: string) => Promise<InstalledRelease>;
  /**
   * Starts a tenant's plugin afresh, from the release that it runs: its breaker is closed, and new calls meet new instances
   * while those in flight end in the old ones.
   *
   * @returns what health now says of it.
   * @throws {HostError} `PLUGIN_NOT_FOUND` where the tenant runs no such plugin, `PLUGIN_DISABLED`.
   */
  readonly renew: (name: string, tenant: string) => Promise<InstalledRelease>;
  /**
   * Takes a plugin whose folder is gone out of service for a tenant: its registration is disabled, with config and grants
   * kept; where nobody else has it enabled, health no longer lists it. Silent where there is none.
   */
  readonly withdraw: (name: string, tenant: string, by?: string) => Promise<void>;
  /** Takes a plugin out, with its releases and everybody's registrations; calls in flight end. Silent where there is none. */
  readonly uninstall: (name: string) => Promise<void>;
  /** Runs one tool; never rejects. */
  readonly call: (request: CallRequest) => Promise<Outcome>;
  /** Runs one tool, or one method of an entry point, whose result is read while it runs. */
  readonly stream: (request: StreamRequest) => CallStream;
  /**
   * Runs one method of an entry point; never rejects. It takes every step of a call, and is recorded under the target
   * `group/name#method`. Not for requests from a network.
   */
  readonly callEntry: (request: EntryRequest) => Promise<Outcome>;
  readonly llm: LanguageModels;
  /** Runs of agents: their hooks and their record, for whoever drives the model. */
  readonly agents: Agents;
  /** Runs one function with positional arguments; never rejects. Not for requests from a network. */
  readonly runSandboxed: (target: SandboxedFunction, ...args: readonly unknown[]) => Promise<Outcome>;
  /**
   * Opens a file, or a release that is installed, in warm guests of its own, to be run again and again and judged, beside whatever
   * serves. Not for requests from a network.
   *
   * @throws {HostError} with findings where a file is refused: `REVIEW_REFUSED`, `BUNDLE_FAILED`, `PLUGIN_UNAVAILABLE`, … Of a release
   *   `PLUGIN_NOT_FOUND`, `RELEASE_NOT_FOUND`, `CONFIG_INVALID`, `SANDBOX_TOO_WEAK`, `ARTIFACT_MISSING`, `ARTIFACT_CORRUPT`.
   *   `VALIDATION_FAILED` where `instances` is no number of guests, or a file is to be granted anything.
   */
  readonly openHarness: (options: HarnessOptions) => Promise<Harness>;
  readonly recordings: Recordings;
  /** Evaluations of releases. */
  readonly evaluations: Evaluations;
  /** Moves that evidence decides about. */
  readonly gate: Gate;
  /** Health of every listed plugin, sorted by name; the worst over the nodes that live, where no scope is asked for. */
  readonly plugins: (view?: HealthView) => readonly PluginHealth[];
  readonly health: (name: string, view?: HealthView) => PluginHealth | undefined;
  /** Tools that a tenant may see, sorted by plugin and name. */
  readonly tools: (tenant?: string) => readonly ListedTool[];
  /** Resources and prompts that plugins offer beside their tools. */
  readonly offers: Offers;
  /** Entry points other than tools that a tenant may use, sorted by plugin, group and name. */
  readonly entries: (tenant?: string) => readonly ListedEntry[];
  /** What a plugin of a tenant said of itself when it was loaded; undefined where it never was. */
  readonly described: (plugin: string, tenant?: string) => GuestReady | undefined;
  readonly logs: PluginLogs;
  /** Looks into a plugin without asking it; the platform sees processes and places, too. Never rejects. */
  readonly debug: (
    plugin: string,
    wanted: { readonly tenant: string; readonly isPlatform: boolean },
  ) => Promise<PluginDebug>;
  readonly refused: () => readonly Refusal[];
  /** Prometheus text; `byTenant` says of bytes on the network whose they were, and so names tenants. */
  readonly metrics: (page?: { readonly byTenant?: boolean }) => Promise<string>;
  /** Ends every guest, answers what is in flight with `host_restart`, removes temporary folders. Safe to call twice. */
  readonly close: () => Promise<void>;
};
