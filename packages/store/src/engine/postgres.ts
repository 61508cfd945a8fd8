/**
 * The engine for a PostgreSQL server. Connects when it is first used, and again whenever it has to: the server may go and
 * come back at any time.
 */
import { Socket } from 'node:net';
import type { PoolConfig } from 'pg';
import { HostError } from '@bulkhead/host';
import { openConnections } from './connections.ts';
import type { Engine, Patience } from './engine.ts';
import { openPostgresListener } from './postgres-listener.ts';

/** Which server, and how much of it. */
export type PostgresOptions = Patience & {
  /** `postgres://user:password@host:port/database?sslmode=...`; the password never appears in an error. */
  readonly url: string;
  /** Connections for queries; two more may be open for migrations, and one to listen. */
  readonly connectionsMax: number;
};

/** A server on the same network answers in milliseconds; a caller that waits for nothing is told soon. */
const CONNECT_TIMEOUT_MS = 2_000;

/** pg gives up on a query this much later than the server does, which then still has its connection. */
const GRACE_MS = 1_000;

const PATIENT_CONNECTIONS_MAX = 2;
const KEEP_ALIVE_DELAY_MS = 10_000;

/**
 * Opens the engine without connecting.
 *
 * @throws {HostError} `CONFIG_INVALID` where the address is none.
 */
export function openPostgres({ url, connectionsMax, queryTimeoutMs, patientTimeoutMs }: PostgresOptions): Engine {
  const config = configOf(url);
  const openStream = (): Socket => new Socket();
  const usual = openConnections({
    config: { ...config, max: connectionsMax, statement_timeout: queryTimeoutMs },
    openStream,
  });
  const patient = openConnections({
    config: { ...config, max: PATIENT_CONNECTIONS_MAX, statement_timeout: patientTimeoutMs, idleTimeoutMillis: 1_000 },
    openStream,
  });
  const listener = openPostgresListener(config);
  return {
    name: 'postgres',
    pool: usual.bounded(queryTimeoutMs + GRACE_MS),
    preparedPool: usual.prepared(queryTimeoutMs + GRACE_MS),
    patientPool: patient.bounded(patientTimeoutMs + GRACE_MS),
    listen: listener.listen,
    fsyncCount: () => 0,
    close: async () => {
      await Promise.all([listener.close(), usual.close(), patient.close()]);
    },
  };
}

/** Whatever the server is set to, times are read and cut by the hour of UTC. */
function configOf(url: string): PoolConfig {
  if (!/^postgres(?:ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new HostError('CONFIG_INVALID', {
      message: 'the address of the database is not one; expected postgres://user:password@host:port/database',
      hint: 'Mend BULKHEAD_DATABASE_URL; characters such as "@" or "/" in a password are written as %40 or %2F.',
    });
  }
  return {
    connectionString: url,
    application_name: 'bulkhead',
    options: '-c timezone=UTC -c datestyle=ISO,MDY',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  };
}
