/**
 * `bulkhead worker ps`: the workers of this machine.
 */
import { resolve } from 'node:path';
import { EXIT_OK } from '../exit-codes.ts';
import { DEFAULT_DATA } from '../remote/remote.ts';
import { tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { listWorkerFiles, type WorkerFile } from '../worker/worker-files.ts';

/** What is typed after it. */
export type ListWorkersOptions = { readonly data?: string; readonly verbose?: boolean; readonly json?: boolean };

/** Prints them, oldest first. */
export async function listWorkers({ data, verbose, json }: ListWorkersOptions, terminal: Terminal): Promise<number> {
  const workers = await listWorkerFiles(resolve(data ?? DEFAULT_DATA));
  if (json === true) terminal.result(JSON.stringify(workers.map(wireOf)));
  else if (workers.length === 0) terminal.say('no worker of this machine lives');
  else for (const line of tableOf(workers, verbose === true, terminal)) terminal.result(line);
  return EXIT_OK;
}

function wireOf({ id, kind, tags, handlers, queue, started_at, identity }: WorkerFile): object {
  return { id, kind, pid: identity.pid, tags, handlers, queue, started_at };
}

function tableOf(workers: readonly WorkerFile[], isVerbose: boolean, { colors }: Terminal): readonly string[] {
  const head = ['id', 'kind', 'tags', 'since', ...(isVerbose ? ['pid', 'queue', 'handlers'] : [])];
  const rows = workers.map(({ id, kind, tags, handlers, queue, started_at: since, identity }) => [
    ...[id, kind, tags.join(','), since],
    ...(isVerbose ? [String(identity.pid), queue, handlers.join(', ')] : []),
  ]);
  return tableLines(head, rows, colors);
}
