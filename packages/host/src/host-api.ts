/**
 * What an embedder sees of a host. The server and the command line are embedders like any other.
 */
import type {
  Digest,
  Finding,
  GuestReady,
  IndexOrigin,
  ListedEntry,
  ListedTool,
  Outcome,
  PluginHealth,
  PluginName,
  Receipt,
  Version,
} from '@bulkhead/protocol';
import type { AuditLog } from './storage/audit-log.ts';
import type { Secrets } from './catalogue/secrets.ts';
import type { Tenants } from './catalogue/tenants.ts';
import type { Tokens } from './catalogue/tokens.ts';
import type { Nodes } from './nodes/nodes.ts';
import type { Gate } from './gate/gate.ts';
import type { Evaluations } from './evaluations/evaluations.ts';
import type { Recordings } from './recordings-api.ts';
import type { Harness, HarnessOptions } from './harness-api.ts';
import type { Agents } from './agents/agents.ts';
import type { LanguageModels } from './llm/llm.ts';
import type { IndexedFrom } from './plugin-index/read-index.ts';
import type { HealthView } from './registry/health.ts';
import type { Refusal, Registry } from './registry/registry.ts';
import type { Offers } from './offers-api.ts';
import type { CallRequest, CallStream, EntryRequest, SandboxedFunction, StreamRequest } from './calls-api.ts';
import type { Registrations } from './registrations-api.ts';
import type { PluginDebug, PluginLogs } from './debug-api.ts';

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
