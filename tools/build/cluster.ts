/**
 * packages/store/dist/cluster.zst: the files of a new embedded database, which a first start unpacks. PostgreSQL puts the time
 * into them, so they are made again only where PGlite or the thread that makes them changed; then it takes some seconds.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { packCluster, readClusterIndex } from '../../packages/store/src/engine/cluster-archive.ts';
import type { PgliteTask } from '../../packages/store/src/engine/pglite-stream.ts';
import { writeIfChanged } from './write-if-changed.ts';

const ARCHIVE = 'packages/store/dist/cluster.zst';
const SOURCES = ['cluster-archive.ts', 'pglite-thread.ts'];

/** Makes the archive below the repository root unless it is up to date; answers its path where it was made. */
export async function buildCluster(root: string): Promise<readonly string[]> {
  const engine = join(root, 'packages/store/src/engine');
  const key = await keyOf(root, engine);
  if (key === (await standingKey(join(root, ARCHIVE)))) return [];
  const dir = await mkdtemp(join(tmpdir(), 'bulkhead-cluster-'));
  try {
    await makeCluster(join(engine, 'pglite-thread.ts'), dir);
    await writeIfChanged(join(root, ARCHIVE), await packCluster(dir, key));
  } finally {
    await rm(dir, { recursive: true });
  }
  return [ARCHIVE];
}

async function keyOf(root: string, engine: string): Promise<string> {
  const pglite = createRequire(join(root, 'packages/store/package.json')).resolve('@electric-sql/pglite');
  const manifest = join(dirname(pglite), '../package.json');
  const digest = createHash('sha256');
  for (const path of [manifest, ...SOURCES.map((name) => join(engine, name))]) digest.update(await readFile(path));
  return digest.digest('hex');
}

async function standingKey(path: string): Promise<string | undefined> {
  try {
    return readClusterIndex(await readFile(path)).key;
  } catch {
    return undefined; // Not there, or cut off.
  }
}

async function makeCluster(thread: string, dir: string): Promise<void> {
  const fsyncs = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData: PgliteTask = { verb: 'bootstrap', dir, isSynced: false, fsyncs };
  const [code] = (await once(new Worker(thread, { workerData, env: {}, execArgv: [] }), 'exit')) as [number]; // Node's documentation.
  if (code !== 0) throw new Error(`the thread that makes a database ended with ${code}; expected 0`);
}
