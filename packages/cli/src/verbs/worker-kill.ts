/**
 * `bulkhead worker kill`: workers of this machine finish what they have in hand, and end. It sends the signal to processes alone that are
 * proved to be those workers.
 */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { DEFAULT_DATA } from '../remote/remote.ts';
import { columns } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { isGone, listWorkerFiles, type WorkerFile } from '../worker/worker-files.ts';

/** What is typed after it; `wait` in seconds. */
export type KillWorkersOptions = {
  readonly all?: boolean;
  readonly wait: number;
  readonly data?: string;
  readonly json?: boolean;
};

type Killed = { readonly id: string; readonly pid: number; readonly became: 'ended' | 'draining' };

/** Tells them to go and waits; exit code 1 where one still drains. @throws {UsageError} for a name that no worker has. */
export async function killWorkers(
  ids: readonly string[],
  { all, wait, data, json }: KillWorkersOptions,
  terminal: Terminal,
): Promise<number> {
  const living = await listWorkerFiles(resolve(data ?? DEFAULT_DATA));
  const wanted = all === true ? living : ids.map((id) => livingOne(living, id));
  if (wanted.length === 0 && all !== true) throw new UsageError('no worker is named', 'Name one, or all with --all.');
  for (const { identity } of wanted) tell(identity.pid);
  const done = terminal.progress(`waiting for ${wanted.length} workers`);
  const until = performance.now() + wait * 1_000;
  const killed = await Promise.all(wanted.map((worker) => endOf(worker, until))).finally(done);
  if (json === true) terminal.result(JSON.stringify(killed));
  else
    for (const line of columns(killed.map(({ id, pid, became }) => [id, `pid ${pid}`, became]))) terminal.result(line);
  const isDraining = killed.some(({ became }) => became === 'draining');
  if (isDraining)
    terminal.say('a worker drains until its task is done; a second signal ends it, and its task is done by another');
  return isDraining ? EXIT_FAILED : EXIT_OK;
}

function livingOne(living: readonly WorkerFile[], id: string): WorkerFile {
  const found = living.find((worker) => worker.id === id);
  if (found !== undefined) return found;
  throw new UsageError(`no worker ${JSON.stringify(id)} lives on this machine`, '`bulkhead worker ps` lists them.');
}

function tell(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has just ended, or is another user's: what became of it is looked at anyway.
  }
}

const LOOK_EVERY_MS = 25;

async function endOf(worker: WorkerFile, until: number): Promise<Killed> {
  const { id, identity } = worker;
  while (!(await isGone(worker))) {
    if (performance.now() >= until) return { id, pid: identity.pid, became: 'draining' };
    await sleep(LOOK_EVERY_MS);
  }
  return { id, pid: identity.pid, became: 'ended' };
}
