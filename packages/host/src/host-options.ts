/**
 * How an embedder opens a host.
 */
import type { Tier } from '@bulkhead/protocol';
import type { Log } from './base/log.ts';
import type { CassetteOptions } from './egress/cassette.ts';
import type { ReleaseJudge } from './gate-api.ts';
import type { GuardPolicy } from './install/install-path.ts';
import type { RecordingOptions } from './recordings-api.ts';
import type { HookRule } from './hooks/declared-hook.ts';
import type { BackendRule } from './llm/backends.ts';
import type { UnsignedPolicy } from './install/judge-signature.ts';
import type { Storage } from './storage/port.ts';

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
