/**
 * What a worker is started with: what was typed, else the environment, by our own names or by those of X000-15, else the file, else the
 * defaults.
 */
import { resolve } from 'node:path';
import { parseGrants } from '../config/grants.ts';
import { CONFIG_KEYS, type Config, type ConfigLayer } from '../config/keys.ts';
import { loadConfig } from '../config/load-config.ts';
import { pluginHosts } from '../config/plugin-hosts.ts';
import { backendRulesOf } from '../config/table-lists.ts';
import { databaseUrl } from '../database-url.ts';
import { openRemote, type Remote } from '../remote/remote.ts';
import { UsageError } from '../usage-error.ts';

/** Options as they were typed. */
export type WorkerStartOptions = {
  readonly tags?: readonly string[];
  readonly plugins?: readonly string[];
  readonly allow?: readonly string[];
  readonly grant?: readonly string[];
  readonly once?: boolean;
  readonly concurrency?: number;
  readonly idleExit?: number;
  readonly maxUptime?: number;
  readonly leaseMs?: number;
  readonly server?: string;
  readonly token?: string;
  readonly data?: string;
  readonly warmPool?: number;
  readonly maxParallel?: number;
  readonly metricsPort?: number;
  readonly json?: boolean;
  readonly config?: string;
};

/** Where tasks come from: a database, or a server that has one. */
export type QueuePlace =
  { readonly kind: 'database'; readonly url: string } | { readonly kind: 'server'; readonly remote: Remote };

/** All that a worker, or a spawner of workers, needs to know. `allow` is undefined for every handler. */
export type WorkerSettings = {
  readonly place: QueuePlace;
  readonly tags: readonly string[];
  readonly plugins: readonly string[];
  readonly allow: readonly string[] | undefined;
  readonly grants: Config['grants'];
  readonly models: ModelSettings;
  readonly isOneShot: boolean;
  readonly concurrency: number;
  readonly idleExitMs: number;
  readonly uptimeMaxMs: number;
  readonly leaseMs: number;
  readonly dataDir: string;
  readonly spawner: { readonly warmPool: number; readonly parallelMax: number } | undefined;
  readonly metricsPort: number | undefined;
  readonly isJson: boolean;
};

/** Language models that its handlers ask, and hosts that its plugins may reach, as a server has them. */
export type ModelSettings = {
  readonly backends: ReturnType<typeof backendRulesOf>;
  readonly privateHosts: readonly string[];
  readonly pluginHosts: ReturnType<typeof pluginHosts>;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Joins the sources. @throws {UsageError} for what is wrong in one of them, or does not fit together. */
export async function readWorkerSettings(options: WorkerStartOptions, given: Environment): Promise<WorkerSettings> {
  const isSpawner = options.warmPool !== undefined || options.maxParallel !== undefined;
  if (isSpawner && options.once === true)
    throw new UsageError('--once starts one worker, and --warm-pool a spawner of workers', 'Leave out one of them.');
  insistOnTags(options.tags);
  const env = withAliases(given);
  const config = await loadConfig({ flags: flagsOf(options), env, file: options.config });
  const allow = config['worker.handlers'];
  return {
    place: await placeOf(options, config, env),
    tags: config['worker.tags'],
    plugins: config['plugins.dirs'],
    allow: allow.length === 0 ? undefined : allow,
    grants: config.grants,
    models: modelsOf(config, env),
    isOneShot: options.once === true,
    concurrency: config['worker.concurrency'],
    idleExitMs: config['worker.idle_exit_seconds'] * 1_000,
    uptimeMaxMs: config['worker.max_uptime_seconds'] * 1_000,
    leaseMs: config['worker.lease_ms'],
    dataDir: resolve(config['data.dir']),
    spawner: isSpawner
      ? { warmPool: config['worker.warm_pool'], parallelMax: config['worker.max_parallel'] }
      : undefined,
    metricsPort: options.metricsPort,
    isJson: options.json === true,
  };
}

function insistOnTags(tags: readonly string[] | undefined): void {
  const { parse, expected } = CONFIG_KEYS['worker.tags'];
  if (tags === undefined || parse(tags) !== undefined) return;
  throw new UsageError(
    `--tags is ${JSON.stringify(tags.join(','))}; expected ${expected}`,
    'A tag has small letters, digits, "-" and "_".',
  );
}

/** Keys of models are looked for where the worker has the tag `llm`: any other needs none, with the same file. */
function modelsOf(config: Config, env: Environment): ModelSettings {
  const hasModels = config['worker.tags'].includes('llm');
  return {
    backends: hasModels ? backendRulesOf(config['llm.backends'], env) : [],
    privateHosts: config['egress.private_hosts'],
    pluginHosts: pluginHosts(config['egress.plugin_hosts']),
  };
}

function flagsOf(options: WorkerStartOptions): ConfigLayer {
  const { tags, plugins, allow, concurrency, idleExit, maxUptime, leaseMs, data, warmPool, maxParallel } = options;
  return {
    ...(tags !== undefined && { 'worker.tags': tags }),
    ...(plugins !== undefined && { 'plugins.dirs': plugins }),
    ...(allow !== undefined && { 'worker.handlers': allow }),
    ...(concurrency !== undefined && { 'worker.concurrency': concurrency }),
    ...(idleExit !== undefined && { 'worker.idle_exit_seconds': idleExit }),
    ...(maxUptime !== undefined && { 'worker.max_uptime_seconds': maxUptime }),
    ...(leaseMs !== undefined && { 'worker.lease_ms': leaseMs }),
    ...(data !== undefined && { 'data.dir': data }),
    ...(warmPool !== undefined && { 'worker.warm_pool': warmPool }),
    ...(maxParallel !== undefined && { 'worker.max_parallel': maxParallel }),
    grants: parseGrants(options.grant ?? []),
  };
}

/** The names of X000-15; ours go before them. */
const ALIASES = {
  WORKER_CAPS: 'BULKHEAD__WORKER__TAGS',
  WORKER_PLUGINS: 'BULKHEAD__WORKER__HANDLERS',
  WORKER_CONCURRENCY: 'BULKHEAD__WORKER__CONCURRENCY',
  WORKER_IDLE_EXIT: 'BULKHEAD__WORKER__IDLE_EXIT_SECONDS',
  WORKER_MAX_UPTIME: 'BULKHEAD__WORKER__MAX_UPTIME_SECONDS',
} as const;

function withAliases(env: Environment): Environment {
  const aliased = Object.entries(ALIASES).flatMap(([alias, name]) => {
    const value = env[alias];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(aliased), ...queuePlace(env['QUEUE_URL'] ?? ''), ...env };
}

/** The URL itself is not told where it is wrong: it may hold a password. */
function queuePlace(url: string): Environment {
  if (url === '') return {};
  const [, scheme = ''] = /^([a-z][a-z0-9+.-]*):/iu.exec(url) ?? [];
  if (/^https?$/iu.test(scheme)) return { BULKHEAD__WORKER__SERVER: url };
  if (/^postgres(?:ql)?$/iu.test(scheme)) return { BULKHEAD_DATABASE_URL: url };
  throw new UsageError(
    `QUEUE_URL is ${scheme === '' ? 'no URL' : `a URL of ${scheme}:`}; expected postgres: or http:`,
    'Name the PostgreSQL of the queue, postgres://..., or the server that has it, http://127.0.0.1:7070.',
  );
}

/** A server that was typed, else a database, else a server that was configured, else that of this machine. */
async function placeOf(options: WorkerStartOptions, config: Config, env: Environment): Promise<QueuePlace> {
  const url = databaseUrl(env);
  if (options.server === undefined && url !== undefined) return { kind: 'database', url };
  const { token, data } = options;
  const server = options.server ?? (config['worker.server'] === '' ? undefined : config['worker.server']);
  const asked = {
    ...(server !== undefined && { server }),
    ...(token !== undefined && { token }),
    ...(data !== undefined && { data }),
  };
  return { kind: 'server', remote: await openRemote(asked, env) };
}
