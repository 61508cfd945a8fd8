/**
 * `bulkhead serve`: a host, its plugins and a server in front of it, from the command line to the last answer.
 *
 *   configuration -> token -> host -> plugins -> listen -> ready -> (watch) -> signal -> drain -> closed
 */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createHost, type Host, type HostOptions } from '@bulkhead/host';
import { createLog, createServer, type FlushingLog, type LogLevel, type Server } from '@bulkhead/server';
import type { Tier } from '@bulkhead/protocol';
import { pluginHosts } from '../config/plugin-hosts.ts';
import { parseGrants } from '../config/grants.ts';
import type { Config, ConfigLayer } from '../config/keys.ts';
import { loadConfig } from '../config/load-config.ts';
import { backendRulesOf, hookRulesOf } from '../config/table-lists.ts';
import { databaseUrl } from '../database-url.ts';
import { EXIT_OK } from '../exit-codes.ts';
import { openToken, type PlatformToken } from '../open-token.ts';
import { installFolders, settleFolders } from '../plugin-folders.ts';
import { readyLine, readyText, type Ready } from '../ready.ts';
import { createServedTasks, type ServedTasks } from '../served-tasks.ts';
import { cassetteOf } from '../stand-in.ts';
import { secretsKeysOf } from '../secrets-keys.ts';
import { drain, nextSignal } from '../shutdown.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { watchPlugins } from '../watch.ts';

/** Options as they were typed; what is absent comes from the environment, the file or the defaults. */
export type ServeOptions = {
  readonly port?: number;
  readonly host?: string;
  readonly plugins?: readonly string[];
  readonly data?: string;
  readonly minTier?: Tier;
  readonly acceptWeakSandbox?: boolean;
  readonly grant?: readonly string[];
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly logLevel?: LogLevel;
  readonly config?: string;
  readonly backend?: string;
  readonly record?: boolean;
};

const STDERR_FD = 2;

/** Serves until a signal; then drains and answers 0. */
export async function serve(options: ServeOptions, terminal: Terminal): Promise<number> {
  const config = await loadConfig({ flags: flagsOf(options), env: process.env, file: options.config });
  for (const dir of config['plugins.dirs']) insistOnFolder(dir);
  const cassette = cassetteOf(options);
  const token = await openToken(resolve(config['data.dir']), process.env);
  const log = createLog(config['server.log_level'], STDERR_FD);
  try {
    await serveUntilSignal({ config, token, log, cassette, isJson: options.json === true }, terminal);
    return EXIT_OK;
  } finally {
    await log.flushed();
  }
}

/** One that is not there may come later; a file never becomes a folder. */
function insistOnFolder(dir: string): void {
  if (!existsSync(dir) || statSync(dir).isDirectory()) return;
  throw new UsageError(
    `--plugins is "${dir}", which is no folder`,
    'Name a plugin folder, or a folder of plugin folders.',
  );
}

type Serving = {
  readonly config: Config;
  readonly token: PlatformToken;
  readonly log: FlushingLog;
  readonly cassette: HostOptions['cassette'];
  readonly isJson: boolean;
};

async function serveUntilSignal(serving: Serving, terminal: Terminal): Promise<void> {
  const { config, log } = serving;
  const stop = nextSignal(log);
  const tasks = createServedTasks(log);
  await using host = await openHost({ ...serving, tasks }, terminal);
  await using tended = tasks.tend();
  await installFolders(host, config['plugins.dirs'], terminal);
  const home = { host, dataDir: resolve(config['data.dir']) };
  await settleFolders(home, config['plugins.dirs'], terminal);
  await using server = await openServer(host, { ...serving, tasks });
  const { url } = await server.listen({ host: config['server.host'], port: config['server.port'] });
  announce({ url, host, token: serving.token, dataDir: config['data.dir'] }, serving.isJson, terminal);
  const watching = config['plugins.watch'] ? await watchPlugins(home, config['plugins.dirs'], log) : undefined;
  const signal = await stop;
  log.info({ signal }, 'draining');
  await watching?.close();
  await drain({ server, host, tasks: tended });
}

function flagsOf(options: ServeOptions): ConfigLayer {
  const { port, host, plugins, data, minTier, acceptWeakSandbox, watch, logLevel } = options;
  return {
    ...(port !== undefined && { 'server.port': port }),
    ...(host !== undefined && { 'server.host': host }),
    ...(logLevel !== undefined && { 'server.log_level': logLevel }),
    ...(plugins !== undefined && { 'plugins.dirs': plugins }),
    ...(watch !== undefined && { 'plugins.watch': watch }),
    ...(data !== undefined && { 'data.dir': data }),
    ...(minTier !== undefined && { 'sandbox.min_tier': minTier }),
    ...(acceptWeakSandbox === true && { 'sandbox.untrusted_min_tier': 'process' }),
    grants: parseGrants(options.grant ?? []),
  };
}

type WithTasks = Serving & { readonly tasks: ServedTasks };

async function openHost(serving: WithTasks, terminal: Terminal): Promise<Host> {
  const { config, log, cassette, tasks } = serving;
  const dataDir = resolve(config['data.dir']);
  const done = terminal.progress('measuring the sandbox');
  try {
    return await createHost({
      storage: () => tasks.openStore({ url: databaseUrl(process.env), dataDir, log }),
      ...{ log, dataDir },
      tenants: 'explicit',
      minTier: config['sandbox.min_tier'],
      untrustedMinTier: config['sandbox.untrusted_min_tier'],
      unsigned: config['install.unsigned'],
      judge: async () => (await import('@bulkhead/guard')).createReleaseJudge(),
      guard: config['install.guard'],
      trustedKeys: config['install.trusted_keys'],
      grants: config.grants,
      callsInFlightMax: config['server.calls_in_flight'],
      idleTimeoutMs: config['sandbox.idle_timeout_ms'],
      healthIntervalMs: config['health.interval_ms'],
      pluginCallsPerSecond: config['plugins.calls_per_second'],
      healthTimeoutMs: config['health.timeout_ms'],
      sharedPlugins: config['sandbox.shared'],
      privateHosts: config['egress.private_hosts'],
      hooks: hookRulesOf(config['hooks.rules']),
      llm: { backends: backendRulesOf(config['llm.backends'], process.env) },
      pluginHosts: pluginHosts(config['egress.plugin_hosts']),
      secretsKeys: secretsKeysOf(process.env),
      ...(cassette !== undefined && { cassette }),
    });
  } finally {
    done();
  }
}

function openServer(host: Host, { config, token, log, tasks }: WithTasks): Promise<Server> {
  const [publicReasons, takesNpm] = [config['health.public_reasons'], config['install.npm']];
  const origin = config['mcp.origin'] === '' ? undefined : config['mcp.origin'];
  const mcp = { authorizationServers: config['mcp.authorization_servers'], origin };
  const indexes = config['install.index'];
  const lendsRecordings = config['repair.enabled'];
  const given = { host, log, token: token.token, publicReasons, takesNpm, indexes, mcp, lendsRecordings };
  return createServer({ ...given, tasks: tasks.queue() });
}

function announce(ready: Ready, isJson: boolean, terminal: Terminal): void {
  if (isJson) return terminal.result(readyLine(ready));
  for (const line of readyText(ready, terminal.colors)) terminal.result(line);
}
