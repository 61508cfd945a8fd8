/**
 * The embedded engine: PGlite behind pg, one session that all share in turn. Where its thread dies, whatever it was asked
 * rejects, and the next query starts another thread on the same files; what is in memory alone is then gone for good.
 */
import { once } from 'node:events';
import type { ClientBase } from 'pg';
import { HostError } from '@bulkhead/host';
import { prepareCluster } from './cluster.ts';
import { openConnections, type Connections } from './connections.ts';
import type { Engine, Patience } from './engine.ts';
import { createListeners } from './listeners.ts';
import { PgliteStream } from './pglite-stream.ts';

/** Where PGlite keeps its files, and how surely. */
export type PgliteOptions = Patience & {
  /** Folder that is its alone; undefined keeps everything in memory. */
  readonly dir: string | undefined;
  /** Whether a commit waits until the disk has it; without, a power cut may take the last ones, or more. */
  readonly isSynced: boolean;
};

/**
 * How long to wait for the session, which others may hold, or for a thread that recovers after a crash: recovery took
 * 0.3 s, and 6 s on a disk under load.
 */
const CONNECT_TIMEOUT_MS = 30_000;

const ignore = (): void => undefined;

/**
 * Opens the engine; where there is no database yet, makes one. The caller holds the lock of the directory.
 *
 * @throws {HostError} `STORAGE_UNAVAILABLE` where the files cannot be made or opened, or are of another PostgreSQL.
 */
export async function openPglite(options: PgliteOptions): Promise<Engine> {
  const { dir, isSynced, queryTimeoutMs, patientTimeoutMs } = options;
  const fsyncs = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const cluster = dir === undefined ? undefined : await prepareCluster(dir, { isSynced, fsyncs });
  const openStream = threadsInTurn(cluster, (lastGone) => {
    return new PgliteStream({ verb: 'serve', dir: cluster, isSynced, fsyncs }, lastGone);
  });
  const listeners = createListeners();
  const connections = openConnections({
    // No environment variable of pg's says anything here, so each is given a value.
    config: {
      ...{ host: 'pglite', port: 1, user: 'postgres', database: 'postgres', password: 'none', ssl: false, options: '' },
      ...{ max: 1, idleTimeoutMillis: 0, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, query_timeout: queryTimeoutMs },
    },
    openStream,
    didConnect: async (client) => {
      client.on('notification', ({ channel, payload = '' }) => listeners.tell(channel, payload));
      await listenAgain(client, listeners.channels());
      listeners.tellGap();
    },
  });
  const pool = connections.bounded(queryTimeoutMs);
  try {
    (await pool.connect()).release(); // Files that cannot be opened are known of now.
  } catch (error) {
    await connections.close();
    throw error;
  }
  return {
    name: 'pglite',
    pool,
    preparedPool: connections.prepared(queryTimeoutMs),
    patientPool: connections.bounded(patientTimeoutMs),
    listen: (channel, listener) => {
      const remove = listeners.add(channel, listener);
      void listenSoon(pool, channel, listener);
      return () => void remove(); // The session goes on to listen: a channel without listeners costs nothing.
    },
    fsyncCount: () => Atomics.load(fsyncs, 0),
    close: connections.close,
  };
}

/** Two threads on the same files would destroy them, so each waits until the last is gone. Memory goes with its thread. */
function threadsInTurn(
  cluster: string | undefined,
  open: (lastGone: Promise<unknown>) => PgliteStream,
): () => PgliteStream {
  let lastGone: Promise<unknown> = Promise.resolve();
  return () => {
    const stream = open(lastGone);
    const gone = once(stream, 'close').catch(ignore); // With an error it is closed too.
    lastGone = cluster === undefined ? gone.then(() => Promise.reject(memoryLost())) : gone;
    lastGone.catch(ignore); // Nobody may ever connect again.
    return stream;
  };
}

async function listenAgain(client: ClientBase, channels: readonly string[]): Promise<void> {
  for (const channel of channels) await client.query(`listen ${channel}`);
}

/** Where the session is lost meanwhile, the next one listens from its beginning. */
async function listenSoon(
  pool: ReturnType<Connections['bounded']>,
  channel: string,
  listener: (heard: { kind: 'gap' }) => void,
): Promise<void> {
  try {
    const client = await pool.connect();
    try {
      await client.query(`listen ${channel}`, []);
    } finally {
      client.release();
    }
    listener({ kind: 'gap' });
  } catch {
    // The next connection listens to every channel and says so.
  }
}

function memoryLost(): HostError {
  return new HostError('STORAGE_UNAVAILABLE', { message: 'the database in memory was lost with its thread' });
}
