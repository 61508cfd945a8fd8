/**
 * The one door to a database, whichever engine is behind it: queries by Kysely on the same driver, notices, maintenance, an
 * end. It creates no tables; that is migrate.ts.
 */
import { Kysely, PostgresDialect, type PostgresPool } from 'kysely';
import type { Log } from '@bulkhead/host';
import type { Tables } from '../schema.ts';
import type { Engine, Patience } from './engine.ts';
import type { Listener } from './listeners.ts';
import { maintain, type Maintenance } from './maintain.ts';
import { openPglite } from './pglite.ts';
import { openPostgres } from './postgres.ts';

/**
 * Where the rows are.
 *
 * @internal
 */
export type DatabasePlace =
  | { readonly kind: 'server'; readonly url: string; readonly connectionsMax?: number }
  /** A folder of its own, whose data directory the caller has locked. */
  | { readonly kind: 'directory'; readonly dir: string; readonly isSynced?: boolean }
  | { readonly kind: 'memory' };

/**
 * How long to wait, and whom to tell.
 *
 * @internal
 */
export type DatabaseOptions = Partial<Patience> & {
  /** Hears of maintenance that was not done. */
  readonly log?: Pick<Log, 'warn'>;
};

/**
 * An open database. Every method and query rejects with HostError `STORAGE_UNAVAILABLE` while it is away.
 *
 * @internal
 */
export type Database = AsyncDisposable & {
  readonly engine: Engine['name'];
  readonly db: Kysely<Tables>;
  /** The same, for the same few statements over and over: their plans are kept. */
  readonly preparedDb: Kysely<Tables>;
  /** The same, for what takes long: migrations, maintenance. */
  readonly patientDb: Kysely<Tables>;
  /** The connections of {@link Database.patientDb}, for what is not asked through Kysely: several statements at once. */
  readonly patientPool: PostgresPool;
  /**
   * Listens to a channel of NOTIFY until the returned function is called.
   *
   * @param channel - Small letters, digits and low lines, at most 63.
   * @param listener - Hears a `gap` each time that listening begins, the first included, and each notice after its commit.
   */
  readonly listen: (channel: string, listener: Listener) => () => void;
  /** Does now what is otherwise done every ten seconds on PGlite, and by the server itself on PostgreSQL. */
  readonly maintain: () => Promise<Maintenance>;
  /** How often a commit waited for the disk, on PGlite. */
  readonly fsyncCount: () => number;
  /** Ends connections, threads and timers. Idempotent. */
  readonly close: () => Promise<void>;
};

const CONNECTIONS_MAX = 10;
const QUERY_TIMEOUT_MS = 5_000;

/** A migration may rewrite a large table; a server that waits for another's migration waits as long. */
const PATIENT_TIMEOUT_MS = 600_000;

const MAINTENANCE_EVERY_MS = 10_000;

const NOTHING_DONE: Maintenance = { vacuumed: [], isCheckpointed: false };

/**
 * Opens a database. On PGlite its files are made where there are none; PostgreSQL is connected to when it is first used, so
 * that one that is away is no reason not to start.
 *
 * @throws {HostError} `STORAGE_UNAVAILABLE` where PGlite's files cannot be used; `CONFIG_INVALID` for an address that is none.
 * @internal
 */
export async function openDatabase(place: DatabasePlace, options: DatabaseOptions = {}): Promise<Database> {
  const engine = await openEngine(place, {
    queryTimeoutMs: options.queryTimeoutMs ?? QUERY_TIMEOUT_MS,
    patientTimeoutMs: options.patientTimeoutMs ?? PATIENT_TIMEOUT_MS,
  });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: engine.pool }) });
  const preparedDb = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: engine.preparedPool }) });
  const patientDb = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: engine.patientPool }) });
  const upkeep = async (): Promise<Maintenance> => {
    return engine.name === 'pglite' ? maintain(patientDb.withTables<never>()) : NOTHING_DONE;
  };
  const stopUpkeep = engine.name === 'pglite' ? startUpkeep(upkeep, options.log) : async () => undefined;
  const close = async (): Promise<void> => {
    const isQuiet = stopUpkeep();
    await engine.close(); // Cuts off what is under way and takes too long, maintenance too.
    await isQuiet;
  };
  const { name, patientPool, listen, fsyncCount } = engine;
  const doors = { db, preparedDb, patientDb, patientPool, listen, fsyncCount };
  return { ...doors, engine: name, maintain: upkeep, close, [Symbol.asyncDispose]: close };
}

async function openEngine(place: DatabasePlace, patience: Patience): Promise<Engine> {
  switch (place.kind) {
    case 'server':
      return openPostgres({ ...patience, url: place.url, connectionsMax: place.connectionsMax ?? CONNECTIONS_MAX });
    case 'directory':
      return openPglite({ ...patience, dir: place.dir, isSynced: place.isSynced ?? true });
    case 'memory':
      return openPglite({ ...patience, dir: undefined, isSynced: false });
  }
}

/** Once every while, one after another; the returned function stops it and waits for one under way. */
function startUpkeep(upkeep: () => Promise<unknown>, log: DatabaseOptions['log']): () => Promise<void> {
  let underWay = Promise.resolve();
  let isUnderWay = false;
  const timer = setInterval(() => {
    if (isUnderWay) return;
    isUnderWay = true;
    underWay = upkeep()
      .catch((error: unknown) => log?.warn({ err: error }, 'the database was not maintained; it is tried again'))
      .then(() => {
        isUnderWay = false;
      });
  }, MAINTENANCE_EVERY_MS).unref();
  return async () => {
    clearInterval(timer);
    await underWay;
  };
}
