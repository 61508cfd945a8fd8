/**
 * A real PostgreSQL of the caller's own, for tests: on a free port of 127.0.0.1, in a temporary folder, gone with whoever
 * started it, even where that was killed. It syncs nothing, so it proves nothing about power cuts.
 */
import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { findPrograms, type User } from './postgres-files.ts';

/** A server that runs until it is disposed of, or stopped. */
export type PostgresServer = AsyncDisposable & {
  /** Of its database `postgres`, as a superuser. */
  readonly url: string;
  /** Stops it as an operator would: sessions are ended, nothing is lost. */
  readonly stop: () => Promise<void>;
  /** Starts it again, on the same port with the same data. */
  readonly start: () => Promise<void>;
};

/** A port that was free may be taken before the server has it. */
const PORT_ATTEMPTS_MAX = 5;
const READY_TIMEOUT_MS = 20_000;
const READY_EVERY_MS = 20;
const LOG_CHARACTERS_MAX = 4_000;

/** It says so too of those who connect too early. */
const FAILED = /FATAL:\s+(?!\s|the database system is starting up)/;

/**
 * PostgreSQL in the background, and a wait for our end of stdin: it closes when we end, however. Then all goes, but for the
 * data where the last word was "keep".
 */
const WATCH = `"$@" </dev/null & postgres=$!
read -r word
case $word in keep) kill -INT $postgres;; *) kill -QUIT $postgres;; esac
wait $postgres
case $word in keep) ;; *) rm -rf "$FOLDER";; esac`;

const SETTINGS = [
  ...['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=100', 'shared_buffers=32MB'],
  ...['fsync=off', 'full_page_writes=off', 'log_min_messages=fatal', 'max_wal_size=64MB', 'min_wal_size=8MB'],
].flatMap((setting) => ['-c', setting]);

const INIT_FLAGS =
  '--username=bulkhead --auth=trust --encoding=UTF8 --locale=C --no-sync --no-instructions --wal-segsize=1'.split(' ');

type Place = { readonly folder: string; readonly programs: string; readonly options: SpawnOptions };

/** Starts a server; measured 0.5 s. As root it runs as nobody, because PostgreSQL refuses root. */
export async function startPostgres(): Promise<PostgresServer> {
  const place = await preparePlace();
  const removeFolder = (): Promise<void> => rm(place.folder, { recursive: true, force: true });
  const first = await spawnOnFreePort(place).catch(async (error: unknown) => {
    await removeFolder();
    throw error;
  });
  const { port } = first;
  let { child } = first;
  const url = `postgres://bulkhead@127.0.0.1:${port}/postgres`;
  const end = async (word: 'keep' | 'remove'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin?.end(`${word}\n`);
    await ended;
  };
  return {
    url,
    stop: () => end('keep'),
    start: async () => {
      child = await spawnServer(place, port);
    },
    [Symbol.asyncDispose]: async () => {
      await end('remove');
      await removeFolder(); // It had been stopped.
    },
  };
}

/** A folder with an empty cluster, owned by the user who will run it. */
async function preparePlace(): Promise<Place> {
  const user = process.getuid?.() === 0 ? await findNobody() : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-postgres-'));
  try {
    if (user !== undefined) await chown(folder, user.uid, user.gid); // Its own, so that it can remove it.
    const programs = await findPrograms(user, join(folder, 'programs'));
    const env = { ...environment(), FOLDER: folder, PGDATA: join(folder, 'data') };
    const options = { ...user, cwd: '/', env, detached: true }; // An interrupt from the keyboard is not for it.
    const init = spawnSync(join(programs, 'bin/initdb'), INIT_FLAGS, { ...options, encoding: 'utf8' });
    if (init.status !== 0) throw new Error(`initdb ended with ${init.status}: ${init.error ?? init.stderr}`);
    return { folder, programs, options };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** This process's, by which a test run knows its children, without what would change PostgreSQL's mind. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:PG|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

async function findNobody(): Promise<User> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((each) => each.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('/etc/passwd has no user "nobody" to run PostgreSQL as');
  return { uid: Number(uid), gid: Number(gid) };
}

async function spawnOnFreePort(place: Place): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return { child: await spawnServer(place, port), port };
    } catch (error) {
      if (attempt === PORT_ATTEMPTS_MAX) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // Of a TCP server it is one.
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function spawnServer({ programs, options }: Place, port: number): Promise<ChildProcess> {
  const command = [join(programs, 'bin/postgres'), '-p', String(port), ...SETTINGS];
  const child = spawn('/bin/sh', ['-c', WATCH, 'sh', ...command], { ...options, stdio: ['pipe', 'ignore', 'pipe'] });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log = `${log}${text}`.slice(-LOG_CHARACTERS_MAX)));
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await isReady(port))) {
    if (!FAILED.test(log) && performance.now() < deadline) await pause(READY_EVERY_MS);
    else {
      const ended = once(child, 'exit');
      child.stdin?.end('keep\n');
      await ended;
      throw new Error(`PostgreSQL did not start on port ${port}: ${log}`);
    }
  }
  return child;
}

async function isReady(port: number): Promise<boolean> {
  const client = new Client({ host: '127.0.0.1', port, user: 'bulkhead', database: 'postgres', ssl: false });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false; // Refused, or still starting: asked again until the deadline.
  }
}
