/**
 * A pool of pg's, made safe to leave alone: no broken connection ends the process, none that may still be busy is used
 * again, no wait is for ever, and what means "the database is away" leaves here as STORAGE_UNAVAILABLE. It knows no
 * engine: PostgreSQL and PGlite differ in the stream that they are given, and in nothing else.
 */
import { hash } from 'node:crypto';
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
  /** As {@link Connections.bounded}, for the same few statements over and over: each connection keeps their plans. */
  readonly prepared: (queryTimeoutMs: number) => PostgresPool;
  /** Ends every connection, those in use after three seconds; waits for what they held to be gone. Idempotent. */
  readonly close: () => Promise<void>;
};

/** A query under way may end on its own; one that has not by then is cut off, and its promise rejects. */
const CLOSE_PATIENCE_MS = 3_000;

/**
 * Statements that one connection keeps; a plan takes some 50 kB of its server. Planning was half of the time that a claim and a completion of
 * a task took on PGlite (7.0 ms, 4.4 with plans that are kept).
 */
const PLANS_MAX = 100;

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
  const plans = new WeakMap<PoolClient, Set<string>>();
  const nameOn = (client: PoolClient): NameStatement => {
    const names = plans.get(client) ?? new Set();
    plans.set(client, names);
    return (text) => nameOf(text, names);
  };
  const poolOf = (queryTimeoutMs: number, isPrepared: boolean): PostgresPool => ({
    options: pool.options,
    connect: async () => {
      const client = await checkOut(pool, closed.promise);
      return boundClient(client, queryTimeoutMs, isPrepared ? nameOn(client) : () => undefined);
    },
    end: close,
  });
  return {
    bounded: (queryTimeoutMs) => poolOf(queryTimeoutMs, false),
    prepared: (queryTimeoutMs) => poolOf(queryTimeoutMs, true),
    close,
  };
}

/** Under which name a connection keeps a statement; undefined where it does not. */
type NameStatement = (text: string) => string | undefined;

/** A digest: pg refuses a name that is used for two texts. */
function nameOf(text: string, names: Set<string>): string | undefined {
  const name = hash('sha1', text);
  if (!names.has(name) && names.size >= PLANS_MAX) return undefined;
  names.add(name);
  return name;
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
function boundClient(client: PoolClient, queryTimeoutMs: number, nameStatement: NameStatement): PostgresPoolClient {
  let lost: { readonly fault: unknown } | undefined;
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    if (lost !== undefined) throw lost.fault;
    const name = values.length > 0 ? nameStatement(text) : undefined;
    const timed = { text, values: [...values], query_timeout: queryTimeoutMs, ...(name !== undefined && { name }) };
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
