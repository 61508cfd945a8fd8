/**
 * A pool of pg's, made safe to leave alone: no broken connection ends the process, none that may still be busy is used
 * again, no wait is for ever, and what means "the database is away" leaves here as STORAGE_UNAVAILABLE. It knows no
 * engine: PostgreSQL and PGlite differ in the stream that they are given, and in nothing else.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { Pool, type ClientBase, type PoolClient, type PoolConfig } from 'pg';
import { HostError } from '@bulkhead/host';
import { resultTypes } from './result-types.ts';
import { isConnectionLost, toStorageFault } from './unavailable.ts';

/** What tells one engine from another. */
export type ConnectionOptions = {
  /** Address, number of connections and time-outs, as pg takes them. */
  readonly config: PoolConfig;
  /** Makes the stream of one connection. pg calls `connect` on it. */
  readonly openStream: () => Duplex;
  /** Runs on each new connection before anybody else may use it; where it rejects, the connection is given up. */
  readonly didConnect?: (client: ClientBase) => Promise<void>;
};

/** Open connections, as Kysely's dialect wants them. */
export type Connections = {
  /** The same connections, each of whose queries is given up after so long. */
  readonly bounded: (queryTimeoutMs: number) => PostgresPool;
  /** Ends every connection, those in use after three seconds; waits for what they held to be gone. Idempotent. */
  readonly close: () => Promise<void>;
};

/** A query under way may end on its own; one that has not by then is cut off, and its promise rejects. */
const CLOSE_PATIENCE_MS = 3_000;

const ignore = (): void => undefined;

/** Opens a pool; it connects when it is first used. */
export function openConnections({ config, openStream, didConnect }: ConnectionOptions): Connections {
  const streams = new Set<Duplex>();
  const track = (): Duplex => {
    const stream = openStream();
    streams.add(stream);
    return stream.once('close', () => streams.delete(stream));
  };
  const pool = new Pool({ ...config, types: resultTypes, stream: track, ...onConnect(didConnect) });
  // A connection that breaks while idle, and one that breaks in use, each emit an error that would end the process. What
  // it means reaches whoever uses the connection.
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(ignore);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed.reject(new HostError('STORAGE_UNAVAILABLE', { message: 'the storage has been closed' }));
    closing ??= closePool(pool, streams);
    return closing;
  };
  const bounded = (queryTimeoutMs: number): PostgresPool => ({
    options: pool.options,
    connect: async () => boundClient(await checkOut(pool, closed.promise), queryTimeoutMs),
    end: close,
  });
  return { bounded, close };
}

function onConnect(didConnect: ConnectionOptions['didConnect']): Pick<PoolConfig, 'onConnect'> {
  if (didConnect === undefined) return {};
  // oxlint-disable-next-line typescript/no-misused-promises -- pg-pool awaits it; its type leaves that out.
  return { onConnect: didConnect };
}

/** pg forgets those who wait for a connection when its pool ends; here they are told. */
async function checkOut(pool: Pool, closed: Promise<never>): Promise<PoolClient> {
  const coming = pool.connect();
  try {
    return await Promise.race([closed, coming]);
  } catch (error) {
    coming.then((client) => client.release(true), ignore);
    throw toStorageFault(error);
  }
}

/**
 * After a time-out the database still works on the query, and pg would hand the connection out again: the next query would
 * wait behind it. So a connection that was lost once refuses everything more, and is discarded when it is given back.
 */
function boundClient(client: PoolClient, queryTimeoutMs: number): PostgresPoolClient {
  let lost: { readonly fault: unknown } | undefined;
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    if (lost !== undefined) throw lost.fault;
    const timed = { text, values: [...values], query_timeout: queryTimeoutMs };
    try {
      return await client.query(timed);
    } catch (error) {
      const fault = toStorageFault(error);
      if (isConnectionLost(error)) lost = { fault };
      throw fault;
    }
  };
  return {
    // Kysely types a query by the rows that its caller expects, and knows cursors, which are not used here.
    query: query as PostgresPoolClient['query'],
    release: () => client.release(lost !== undefined),
  };
}

async function closePool(pool: Pool, streams: ReadonlySet<Duplex>): Promise<void> {
  const patience = new AbortController();
  const ended = pool.end();
  await Promise.race([ended, pause(CLOSE_PATIENCE_MS, undefined, { signal: patience.signal }).catch(ignore)]);
  patience.abort();
  await Promise.all([...streams].map(destroyStream));
}

async function destroyStream(stream: Duplex): Promise<void> {
  if (stream.closed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('close', resolve).destroy();
  await promise;
}
