/**
 * A real `bulkhead serve` in a process of its own, to be killed, and what its kill must not leave behind.
 */
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { start, type ReadyEvent } from '../../../packages/cli/src/cli-fixture.ts';
import { processesWith, runFoldersOf, type RunFolder } from '../../support/remains.ts';
import { until } from '../../support/until.ts';

/** The platform token of every server here. */
export const PLATFORM = 'the-platform-token-of-servers-that-are-killed';

/** Where a server keeps its state: a data directory, and the address of a PostgreSQL where there is one. */
export type Place = { readonly data: string; readonly plugins: string; readonly url: string | undefined };

/** An answer; `body` is JSON. */
export type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

/** A request: POST where it has a body, else GET, unless it says otherwise. */
export type Asked = {
  readonly path: string;
  readonly token: string;
  readonly method?: string;
  readonly body?: unknown;
};

/** A server that runs. */
export type Served = {
  readonly pid: number;
  readonly stderr: () => string;
  /** Resolves to `ready`, or to undefined where it ended before. */
  readonly ready: Promise<ReadyEvent | undefined>;
  /** Kills it with SIGKILL; resolves with what lives 1 s later, which must be nothing. */
  readonly kill: () => Promise<KilledServer>;
  /** Ends it as an operator does. */
  readonly stop: () => Promise<void>;
};

/** What was left by a kill: processes after 1 s, and folders, which the next start has to remove. */
export type KilledServer = { readonly alive: readonly string[]; readonly folders: readonly RunFolder[] };

/** Starts a server; `ready` tells when it serves. */
export function startServer({ data, plugins, url }: Place): Served {
  const env = { BULKHEAD_TOKEN: PLATFORM, ...(url !== undefined && { BULKHEAD_DATABASE_URL: url }) };
  const args = ['serve', '--port', '0', '--json', '--plugins', plugins, '--data', data];
  const { child, stdout, stderr, ended } = start(args, { env });
  const line = Promise.withResolvers<ReadyEvent | undefined>();
  child.stdout?.on('data', () => {
    if (stdout().includes('\n')) line.resolve(JSON.parse(stdout()) as ReadyEvent); // Its form is tested.
  });
  void ended.then(() => line.resolve(undefined));
  const pid = child.pid ?? 0;
  const kill = async (): Promise<KilledServer> => {
    child.kill('SIGKILL');
    const folders = await runFoldersOf(pid, [join(data, '..')]);
    await ended;
    const lookForAll = async (): Promise<readonly string[]> => {
      const found = await Promise.all(folders.map(({ token }) => processesWith(token)));
      return found.flat().map(({ command }) => command);
    };
    return { alive: await until(lookForAll, (all) => all.length === 0, secondMs()), folders };
  };
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  return { pid, stderr, ready: line.promise, kill, stop };
}

/**
 * A second, as long as it takes on a machine that others use as well: a guest that was being started at the kill boots first
 * and finds its channel closed then.
 */
function secondMs(): number {
  return 1_000 * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
}

/** Asks a server; rejects where it is gone before the whole answer is here. */
export async function ask(url: string, { path, token, method, body }: Asked): Promise<Answer> {
  const response = await fetch(url + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer['body'] }; // Tests look inside.
}
