/**
 * Every configuration key: what it takes, its default, what it is for. docs/operator.md shows this table, and a test holds
 * both equal. Tables and keys are as in bulkhead.toml; `BULKHEAD__TABLE__KEY` is the same in the environment.
 */
import { UNSIGNED_POLICIES, isCapabilityTag, isPublicKey, type IndexSource } from '@bulkhead/host';
import { LIMITS, TIERS, isHostPort, isJsonObject, parsePluginName } from '@bulkhead/protocol';
import { LOG_LEVELS } from '../log-levels.ts';
import { isPluginHost } from './plugin-hosts.ts';
import { BACKENDS, HOOK_RULES, fromJson } from './table-lists.ts';

/** One key. `parse` answers undefined for a value that it does not take; `fromText` reads an environment variable. */
export type ConfigKey<Value> = {
  readonly expected: string;
  readonly fallback: Value;
  readonly about: string;
  readonly parse: (value: unknown) => Value | undefined;
  readonly fromText: (text: string) => unknown;
  /** A wrong value may be a key that somebody put in the wrong place, so it is not repeated. */
  readonly hidesValue?: boolean;
};

type Words = readonly string[];
type About<Value> = Pick<ConfigKey<Value>, 'fallback' | 'about'>;

const PORT_MAX = 65_535;
const DAY_MS = 86_400_000;
/** 24 days: a timer of Node takes no longer delay. */
const WORKER_SECONDS_MAX = 2_073_600;

/** The table, by path. */
export const CONFIG_KEYS = {
  'server.host': text({ fallback: '127.0.0.1', about: 'Address to listen on.' }),
  'server.port': port({ fallback: 7070, about: 'Port to listen on; 0 picks a free one.' }),
  'server.calls_in_flight': count(LIMITS.calls_in_flight.value, {
    fallback: LIMITS.calls_in_flight.value,
    about: 'Calls that run at once or wait for an instance; more wait for their turn, tenants by their weight.',
  }),
  'server.log_level': word(LOG_LEVELS, { fallback: 'info', about: 'Least level of what is logged on standard error.' }),
  'plugins.dirs': list({ fallback: [], about: 'Folders of plugin folders, or plugin folders.' }),
  'plugins.watch': flag({ fallback: false, about: 'Reload a plugin whose files change.' }),
  'plugins.calls_per_second': count(LIMITS.calls_per_second.value, {
    fallback: LIMITS.calls_per_second.value,
    about: 'Calls of one plugin by one tenant in a second, where its manifest allows no fewer.',
  }),
  'data.dir': text({
    fallback: '.bulkhead',
    about: 'Folder for artifacts and the token; held by one server at a time.',
  }),
  'sandbox.min_tier': word(TIERS, { fallback: 'process', about: 'Refuse to start where the sandbox is weaker.' }),
  'sandbox.untrusted_min_tier': word(TIERS, {
    fallback: 'confined',
    about: 'The least sandbox for plugins that came over the admin API.',
  }),
  'sandbox.idle_timeout_ms': count(DAY_MS, {
    fallback: LIMITS.idle_timeout_ms.value,
    about: 'How long an instance that nobody calls lives on; the next call starts one.',
  }),
  'sandbox.shared': names({
    fallback: [],
    about: 'Plugins that may serve all tenants with the same instances, where their manifest asks for scope `shared`.',
  }),
  'install.unsigned': word(UNSIGNED_POLICIES, {
    fallback: 'warn',
    about: 'What becomes of an archive that nobody signed; `refuse` takes signed archives only over the admin API.',
  }),
  'install.guard': word(['optional', 'required'], {
    fallback: 'optional',
    about:
      'With `required`, a release replaces another on evidence alone: by an upgrade or a rollout with the gate `guard`.',
  }),
  'install.trusted_keys': publicKeys({
    fallback: [],
    about: 'Public keys whose signatures are taken; without any, a plugin’s first signer may sign its next releases.',
  }),
  'install.index': indexes({
    fallback: [],
    about:
      'Indexes that plugins are taken from by name, each as `{ place, key }`: folder or address, and public key; the first that lists a name decides.',
  }),
  'install.npm': flag({
    fallback: false,
    about: 'Take installs that name a package of npm, which this machine’s npm client fetches, without scripts.',
  }),
  'egress.private_hosts': hosts({
    fallback: [],
    about:
      'Hosts with their ports, such as `localhost:11434`, that plugins may reach though they are private, without encryption too; those that list them and were granted `internet`.',
  }),
  'egress.plugin_hosts': pluginHostList({
    fallback: [],
    about:
      'Hosts that one plugin may reach, and be given its secrets for, beside those of its manifest, such as `llm_openai_compatible=llm.example.com:443`.',
  }),
  'repair.enabled': flag({
    fallback: false,
    about:
      'Make repairs on this machine, and lend a tenant’s recorded calls to its admin for one; nothing is applied by itself.',
  }),
  'hooks.rules': HOOK_RULES,
  'llm.backends': BACKENDS,
  'health.interval_ms': count(DAY_MS, {
    fallback: LIMITS.health_interval_ms.value,
    about: 'Between two health checks of an instance, where the plugin’s configuration has no `interval` in seconds.',
  }),
  'health.timeout_ms': count(60_000, {
    fallback: LIMITS.health_timeout_ms.value,
    about: 'How long a health check may take; one that is late is an error.',
  }),
  'health.public_reasons': word(['auto', 'always', 'never'], {
    fallback: 'auto',
    about:
      'Who sees, without a token, what a plugin threw; `auto`: everybody while bound to loopback with no tenant but `default`.',
  }),
  'worker.tags': tags({
    fallback: ['cpu', 'node'],
    about: 'What a worker can do, as tags that tasks require; what they imply need not be named. Also `WORKER_CAPS`.',
  }),
  'worker.handlers': list({
    fallback: [],
    about:
      'Handlers that a worker may use, by the names of their entry points or classes; all where it is empty. Also `WORKER_PLUGINS`.',
  }),
  'worker.concurrency': count(64, {
    fallback: 1,
    about: 'Tasks that a worker has in hand at once. Also `WORKER_CONCURRENCY`.',
  }),
  'worker.idle_exit_seconds': count(WORKER_SECONDS_MAX, {
    fallback: 600,
    about: 'After how long without a task a worker leaves. Also `WORKER_IDLE_EXIT`.',
  }),
  'worker.max_uptime_seconds': count(WORKER_SECONDS_MAX, {
    fallback: 14_400,
    about: 'After how long a worker leaves, once what it has in hand is done. Also `WORKER_MAX_UPTIME`.',
  }),
  'worker.lease_ms': count(600_000, {
    fallback: 10_000,
    about:
      'How long a worker may be silent before its task is given to another; it says that it lives every third of it.',
  }),
  'worker.server': httpAddress({
    fallback: '',
    about:
      'Server that workers ask for tasks where they are given no database. Also `QUEUE_URL`, which may name either.',
  }),
  'worker.warm_pool': count(256, {
    fallback: 2,
    about: 'Workers beyond the tasks that wait, which a warm spawner keeps.',
  }),
  'worker.max_parallel': count(256, { fallback: 10, about: 'Most workers of one warm spawner.' }),
  'mcp.authorization_servers': issuers({
    fallback: [],
    about: 'Issuers that give out this server’s tokens, for the OAuth metadata of `/mcp`; each an address with https.',
  }),
  'mcp.origin': origin({
    fallback: '',
    about:
      'Where clients reach this server, such as `https://tools.example.com`, for that metadata; else what a request names.',
  }),
} as const;

/** A path of {@link CONFIG_KEYS}. */
export type ConfigPath = keyof typeof CONFIG_KEYS;
/** Table whose keys are names of plugins, and its values the permissions that are granted. */
export const GRANTS_TABLE = 'grants';

type ValueOf<Key> = Key extends ConfigKey<infer Value> ? Value : never;

/** Configuration with every default filled in. */
export type Config = { readonly [Path in ConfigPath]: ValueOf<(typeof CONFIG_KEYS)[Path]> } & {
  readonly grants: Readonly<Record<string, Words>>;
};

/** What one source sets. */
export type ConfigLayer = Partial<Config>;

/** What a key of the table `grants` takes. */
const GRANT_KEY: ConfigKey<Words> = list({
  fallback: [],
  about: 'Permissions granted to the plugin of that name.',
});

/** Returns the key of a path, or undefined where there is none. */
export function keyAt(path: string): ConfigKey<unknown> | undefined {
  if (Object.hasOwn(CONFIG_KEYS, path)) return CONFIG_KEYS[path as ConfigPath];
  const [table, name, ...more] = path.split('.');
  return table === GRANTS_TABLE && more.length === 0 && parsePluginName(name) !== undefined ? GRANT_KEY : undefined;
}

function text(about: About<string>): ConfigKey<string> {
  const parse = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  return { ...about, expected: 'text', parse, fromText: (given) => given };
}

function port(about: About<number>): ConfigKey<number> {
  return {
    ...about,
    expected: `a whole number from 0 to ${PORT_MAX}`,
    parse: (value) =>
      Number.isInteger(value) && Number(value) >= 0 && Number(value) <= PORT_MAX ? Number(value) : undefined,
    fromText: (given) => (/^\d{1,5}$/.test(given) ? Number(given) : given),
  };
}

function issuers(about: About<Words>): ConfigKey<Words> {
  const { parse, ...key } = list(about);
  return {
    ...key,
    expected: 'a list of addresses with https, of this machine also http',
    parse: (value) => {
      const given = parse(value);
      return given?.every(isIssuer) === true ? given : undefined;
    },
  };
}

function isIssuer(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, search, hash } = new URL(address);
  const isHere = protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return (protocol === 'https:' || isHere) && search === '' && hash === '';
}

function origin(about: About<string>): ConfigKey<string> {
  const isOrigin = (address: string): boolean => URL.canParse(address) && new URL(address).origin === address;
  return {
    ...about,
    expected: 'scheme, host and port, and nothing behind them',
    parse: (value) => (typeof value === 'string' && isOrigin(value) ? value : undefined),
    fromText: (given) => given,
  };
}

function count(max: number, about: About<number>): ConfigKey<number> {
  return {
    ...about,
    expected: `a whole number from 1 to ${max}`,
    parse: (value) =>
      Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max ? Number(value) : undefined,
    fromText: (given) => (/^\d{1,9}$/.test(given) ? Number(given) : given),
  };
}

function flag(about: About<boolean>): ConfigKey<boolean> {
  return {
    ...about,
    expected: 'true or false',
    parse: (value) => (typeof value === 'boolean' ? value : undefined),
    fromText: (given) =>
      new Map<string, boolean>([
        ['true', true],
        ['false', false],
      ]).get(given) ?? given,
  };
}

function list(about: About<Words>): ConfigKey<Words> {
  return {
    ...about,
    expected: 'a list of texts',
    parse: (value) =>
      Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '') ? value : undefined,
    fromText: (given) => given.split(',').map((item) => item.trim()),
  };
}

function publicKeys(about: About<Words>): ConfigKey<Words> {
  const { parse, ...key } = list(about);
  return {
    ...key,
    expected: 'a list of public keys, each ed25519:BASE64',
    parse: (value) => {
      const given = parse(value);
      return given !== undefined && given.every(isPublicKey) ? given : undefined;
    },
  };
}

function hosts(about: About<Words>): ConfigKey<Words> {
  const { parse, ...key } = list(about);
  return {
    ...key,
    expected: 'a list of exact hosts with their ports, such as localhost:11434',
    parse: (value) => {
      const given = parse(value);
      return given?.every(isHostPort) === true ? given : undefined;
    },
  };
}

function pluginHostList(about: About<Words>): ConfigKey<Words> {
  const { parse, ...key } = list(about);
  return {
    ...key,
    expected: 'a list of PLUGIN=HOST:PORT',
    parse: (value) => {
      const given = parse(value);
      return given?.every(isPluginHost) === true ? given : undefined;
    },
  };
}

type Indexes = readonly Required<IndexSource>[];

function indexes(about: About<Indexes>): ConfigKey<Indexes> {
  return {
    ...about,
    expected: 'a list of { place = "FOLDER or ADDRESS", key = "ed25519:BASE64" }',
    parse: (value) => (Array.isArray(value) && value.every(isIndexSource) ? value : undefined),
    fromText: fromJson,
  };
}

function isIndexSource(value: unknown): value is Required<IndexSource> {
  if (!isJsonObject(value)) return false;
  const { place, key, ...others } = value;
  const isPlaced = typeof place === 'string' && place !== '';
  return isPlaced && typeof key === 'string' && isPublicKey(key) && Object.keys(others).length === 0;
}

function names(about: About<Words>): ConfigKey<Words> {
  const { parse, ...key } = list(about);
  const areNames = (given: Words): boolean => given.every((name) => parsePluginName(name) !== undefined);
  return {
    ...key,
    expected: 'a list of plugin names',
    parse: (value) => {
      const given = parse(value);
      return given !== undefined && areNames(given) ? given : undefined;
    },
  };
}

function tags(about: About<Words>): ConfigKey<Words> {
  const { parse, ...key } = list(about);
  return {
    ...key,
    expected: 'a list of tags such as cpu or docker',
    parse: (value) => {
      const given = parse(value);
      return given?.every(isCapabilityTag) === true ? given : undefined;
    },
  };
}

function httpAddress(about: About<string>): ConfigKey<string> {
  const isAddress = (value: string): boolean => URL.canParse(value) && /^https?:/u.test(value);
  return {
    ...about,
    expected: 'an address with http or https',
    parse: (value) => (typeof value === 'string' && isAddress(value) ? value : undefined),
    fromText: (given) => given,
  };
}

function word<const Word extends string>(of: readonly Word[], about: About<NoInfer<Word>>): ConfigKey<Word> {
  return {
    ...about,
    expected: `one of ${of.join(', ')}`,
    parse: (value) => of.find((known) => known === value),
    fromText: (given) => given,
  };
}
