/**
 * Workers of this machine: each has a file below the data folder for as long as it lives, which says by pid and start time which process it
 * is. Of one that was killed the file stays, and whoever lists them removes it.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isProvedDead, ownIdentity, parseIdentity, toDataFault, type ProcessIdentity } from '@bulkhead/host';
import { isJsonObject } from '@bulkhead/protocol';

/** A worker, or a spawner of workers, as its file says. */
export type WorkerFile = {
  readonly id: string;
  readonly kind: 'worker' | 'spawner';
  readonly tags: readonly string[];
  readonly handlers: readonly string[];
  /** Where its tasks come from, without what is secret. */
  readonly queue: string;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  readonly identity: ProcessIdentity;
};

/** Of more than these nobody would read the list. */
const WORKERS_MAX = 10_000;

/** Writes the file of this process; the function removes it. @throws {HostError} `DATA_UNUSABLE`. */
export async function writeWorkerFile(
  dataDir: string,
  about: Omit<WorkerFile, 'identity'>,
): Promise<() => Promise<void>> {
  const file = fileOf(dataDir, about.id);
  try {
    await mkdir(folderOf(dataDir), { recursive: true, mode: 0o700 });
    const { pid, start_time, boot_id, pid_namespace } = await ownIdentity();
    const content = { ...about, pid, start_time, boot_id, pid_namespace };
    await writeFile(`${file}.new`, `${JSON.stringify(content)}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (error) {
    throw toDataFault(dataDir, error);
  }
  return () => rm(file, { force: true });
}

/** Lists workers that live, oldest first, and removes what is left of others. */
export async function listWorkerFiles(dataDir: string): Promise<readonly WorkerFile[]> {
  const names = await readdir(folderOf(dataDir)).catch(() => []);
  const ids = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
  const found = await Promise.all(ids.slice(0, WORKERS_MAX).map((id) => readLiving(dataDir, id)));
  return found
    .filter((worker) => worker !== undefined)
    .toSorted((a, b) => (a.started_at < b.started_at ? -1 : Number(a.started_at > b.started_at)));
}

/** Tells whether the process of a worker is gone; its pid alone would say nothing, for it may be another's by now. */
export function isGone({ identity }: WorkerFile): Promise<boolean> {
  return isProvedDead(identity);
}

/** Folder of the workers' files and logs. */
export function folderOf(dataDir: string): string {
  return join(dataDir, 'workers');
}

const SUFFIX = '.json';
const fileOf = (dataDir: string, id: string): string => join(folderOf(dataDir), `${id}${SUFFIX}`);

async function readLiving(dataDir: string, id: string): Promise<WorkerFile | undefined> {
  const file = fileOf(dataDir, id);
  const worker = parseWorker(id, await readFile(file, 'utf8').catch(() => ''));
  if (worker === undefined) return undefined; // Not ours to remove.
  if (!(await isGone(worker))) return worker;
  await rm(file, { force: true });
  return undefined;
}

function parseWorker(id: string, text: string): WorkerFile | undefined {
  const value = parsedOf(text);
  const identity = parseIdentity(value);
  if (!isJsonObject(value) || identity === undefined) return undefined;
  const { kind, tags, handlers, queue, started_at: started } = value;
  if ((kind !== 'worker' && kind !== 'spawner') || typeof queue !== 'string' || typeof started !== 'string')
    return undefined;
  return { id, kind, tags: textsOf(tags), handlers: textsOf(handlers), queue, started_at: started, identity };
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function parsedOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
