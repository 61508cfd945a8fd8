/**
 * The folder of an embedded database:
 *
 *   <dir>/             0700, because PGlite makes its files readable to everybody, whatever the umask
 *     cluster/         PostgreSQL's files, whole: they were unpacked or made aside and then given this name
 *     cluster.new/     what a first start left that was cut off; removed by the next
 *
 * It takes no lock: whoever opens it holds the lock of the data directory, for two at once destroy it.
 */
import { once } from 'node:events';
import { chmod, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '@bulkhead/host';
import { unpackCluster } from './cluster-archive.ts';
import { startThread, type PgliteTask } from './pglite-stream.ts';

/** PostgreSQL's major version inside PGlite. Its files are read by no other. */
export const PGLITE_MAJOR = '18';

/** Of the build. From source it is where the build has put it. */
const ARCHIVE = new URL(
  import.meta.filename.endsWith('.ts') ? '../../dist/cluster.zst' : './cluster.zst',
  import.meta.url,
);

/**
 * Returns the folder of PostgreSQL's files below `dir`. Where there are none, they are unpacked, or made without an archive.
 *
 * @param archive - Of packCluster, of the PGlite that is installed.
 * @throws {HostError} `STORAGE_UNAVAILABLE` where the files are of another PostgreSQL, or could not be made.
 */
export async function prepareCluster(
  dir: string,
  task: Omit<PgliteTask, 'verb' | 'dir'>,
  archive: URL = ARCHIVE,
): Promise<string> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700); // It may have been there before.
  const cluster = join(dir, 'cluster');
  const major = await readMajor(cluster);
  if (major === PGLITE_MAJOR) return cluster;
  if (major !== undefined) throw otherMajor(major);
  const aside = `${cluster}.new`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside);
  const packed = await readIfThere(archive);
  if (packed === undefined) await bootstrap({ ...task, verb: 'bootstrap', dir: aside });
  else await unpack(packed, aside, task.isSynced);
  await rename(aside, cluster);
  return cluster;
}

/** Undefined where there is no database yet. */
async function readMajor(cluster: string): Promise<string | undefined> {
  return (await readIfThere(join(cluster, 'PG_VERSION')))?.toString().trim();
}

async function readIfThere(path: string | URL): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function unpack(packed: Buffer, dir: string, isSynced: boolean): Promise<void> {
  try {
    await unpackCluster(packed, dir, isSynced);
  } catch (cause) {
    throw notMade(cause);
  }
}

/** In a thread of its own: making the files takes 400 MB that a thread gives back only when it ends. */
async function bootstrap(task: PgliteTask): Promise<void> {
  const thread = startThread(task);
  try {
    const [code] = (await once(thread, 'exit')) as [number]; // Node's documentation of the event.
    if (code === 0) return;
  } catch (cause) {
    throw notMade(cause);
  }
  throw notMade(undefined);
}

function notMade(cause: unknown): HostError {
  return new HostError('STORAGE_UNAVAILABLE', {
    message: 'the files of the embedded database could not be made',
    hint: 'Look for space on the disk of the data directory, and for its owner; then start again.',
    cause,
  });
}

function otherMajor(major: string): HostError {
  return new HostError('STORAGE_UNAVAILABLE', {
    message: `the embedded database was made by PostgreSQL ${major}; expected ${PGLITE_MAJOR}`,
    hint: 'Start the version of Bulkhead that made it, or use another --data directory.',
  });
}
