/**
 * `bulkhead dev DIR`: one plugin folder on a server of its own, loaded anew when a file is saved. Its log, its state and what
 * is wrong with it are printed as they come, and its tools can be called from the prompt.
 *
 *   host -> server -> ready -> read the folder -> watch -> (save -> read it again) -> signal or .quit -> closed
 */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { randomBytes } from 'node:crypto';
import { createHost, type Host } from '@bulkhead/host';
import { capabilitiesOf, isJsonObject } from '@bulkhead/protocol';
import { createLog, createServer, type FlushingLog, type LogLevel } from '@bulkhead/server';
import { parsePermissions } from '../config/grants.ts';
import { createDevScreen } from '../dev/dev-screen.ts';
import { openDevSession } from '../dev/dev-session.ts';
import { createTypeCheck } from '../dev/type-check.ts';
import { databaseUrl } from '../database-url.ts';
import { EXIT_OK } from '../exit-codes.ts';
import { openToken, type PlatformToken } from '../open-token.ts';
import { createServedTasks, type ServedTasks } from '../served-tasks.ts';
import { secretsKeysOf } from '../secrets-keys.ts';
import { drain, nextSignal } from '../shutdown.ts';
import type { Terminal } from '../terminal.ts';
import { givenToken } from '../token.ts';
import { UsageError } from '../usage-error.ts';
import { watchFolders } from '../watch.ts';

/** Arguments and options as they were typed. */
export type DevOptions = {
  readonly dir: string;
  readonly port?: number;
  readonly data?: string;
  readonly grant?: readonly string[];
  readonly json?: boolean;
  readonly logLevel?: LogLevel;
};

const STDERR_FD = 2;
const LOOPBACK = '127.0.0.1';
/** An editor's steps of one save lie within a few milliseconds; a checkout of many files is read again after its last. */
const QUIET_MS = 40;
/** A trial takes one and the next call another. */
const SPARES = 2;
/** The author may think for a while between two saves. */
const WORKSHOP_IDLE_MS = 60 * 60_000;
const TOKEN_BYTES = 32;

/** Serves the folder until a signal or `.quit`; then drains and answers 0. */
export async function dev(options: DevOptions, terminal: Terminal): Promise<number> {
  const dir = folderOf(options.dir);
  const token = await tokenOf(options);
  const log = createLog(options.logLevel ?? 'silent', STDERR_FD);
  try {
    await developUntilQuit({ options, dir, token, log }, terminal);
    return EXIT_OK;
  } finally {
    await log.flushed();
  }
}

function folderOf(dir: string): string {
  if (existsSync(dir) && statSync(dir).isDirectory()) return realpathSync(dir);
  throw new UsageError(`${dir} is no folder`, 'Name a plugin folder; `bulkhead init NAME` makes one.');
}

/** Without a data folder the token lives as long as the server does. */
async function tokenOf({ data }: DevOptions): Promise<PlatformToken> {
  if (data !== undefined || givenToken(process.env) !== undefined) return openToken(resolve(data ?? '.'), process.env);
  return { token: randomBytes(TOKEN_BYTES).toString('base64url'), file: null };
}

type Developing = {
  readonly options: DevOptions;
  readonly dir: string;
  readonly token: PlatformToken;
  readonly log: FlushingLog;
};

async function developUntilQuit(developing: Developing, terminal: Terminal): Promise<void> {
  const { options, dir, token, log } = developing;
  const { promise: quit, resolve: didQuit } = Promise.withResolvers<string>();
  const stop = Promise.race([nextSignal(log), quit]);
  const tasks = createServedTasks(log);
  await using host = await openHost({ ...developing, tasks }, terminal);
  await using tended = tasks.tend();
  const served = { host, log, token: token.token, tasks: tasks.queue() };
  await using server = await createServer({ ...served, publicReasons: 'always' });
  const { url } = await server.listen({ host: LOOPBACK, port: options.port ?? 0 });
  const screen = createDevScreen(options.json === true, terminal);
  const grant = capabilitiesOf((options.grant ?? []).flatMap(parsePermissions));
  const types = createTypeCheck(dir, screen.tell);
  const session = openDevSession({ host, dir, grant, tell: screen.tell });
  const read = async (): Promise<void> => {
    types.cancel();
    if (await session.read()) types.start();
  };
  const isOwnToken = token.file === null && givenToken(process.env) === undefined;
  const shownToken = { token: isOwnToken ? token.token : null, token_file: token.file };
  screen.tell({ event: 'ready', url, tier: host.receipt.tier, folder: options.dir, ...shownToken });
  // Watched first, so that a save during the first load is not missed.
  const watching = await watchFolders([dir], { quietMs: QUIET_MS, log, didRest: read });
  await read();
  screen.open(session, { read, quit: () => didQuit('.quit') });
  log.info({ signal: await stop }, 'draining');
  screen.close();
  session.close();
  types.cancel();
  await watching.close();
  await drain({ server, host, tasks: tended });
}

type WithTasks = Developing & { readonly tasks: ServedTasks };

async function openHost({ options, dir, log, tasks }: WithTasks, terminal: Terminal): Promise<Host> {
  const done = terminal.progress('measuring the sandbox');
  const { data } = options;
  const dataDir = data === undefined ? undefined : resolve(data);
  const spareMemoryMb = await memoryOf(dir);
  try {
    return await createHost({
      log,
      tenants: 'explicit',
      spareCount: SPARES,
      workshopIdleMs: WORKSHOP_IDLE_MS,
      secretsKeys: secretsKeysOf(process.env),
      ...(spareMemoryMb !== undefined && { spareMemoryMb }),
      ...(dataDir !== undefined && { dataDir }),
      storage: () =>
        dataDir === undefined ? tasks.openInMemory() : tasks.openStore({ url: databaseUrl(process.env), dataDir, log }),
    });
  } finally {
    done();
  }
}

/** What the manifest asks for, so that spares fit; the load says what is wrong with a manifest. */
async function memoryOf(dir: string): Promise<number | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(dir, 'plugin.json'), 'utf8'));
    const limits = isJsonObject(manifest) ? manifest['limits'] : undefined;
    const memoryMb = isJsonObject(limits) ? limits['memory_mb'] : undefined;
    return Number.isSafeInteger(memoryMb) && Number(memoryMb) > 0 ? Number(memoryMb) : undefined;
  } catch {
    return undefined;
  }
}
