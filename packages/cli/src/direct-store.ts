/**
 * The store of a server that does not run, opened by the command line itself (DESIGN 10): on the PostgreSQL server of
 * BULKHEAD_DATABASE_URL, else in the data directory, which is held meanwhile so that no server starts on it.
 */
import { resolve } from 'node:path';
import { holdDataDirectory, type Log, type Storage } from '@bulkhead/host';
import {
  hasStore,
  openStore,
  openStoreDatabase,
  openStoreWithTasks,
  type Database,
  type StorePlace,
  type StoreWithTasks,
} from '@bulkhead/store';
import { databaseUrl } from './database-url.ts';
import { DEFAULT_DATA } from './remote/remote.ts';
import { UsageError } from './usage-error.ts';

/** Where the store is; the data directory is `.bulkhead` where none was named. */
export type DirectPlace = {
  readonly data?: string;
  readonly log: Pick<Log, 'warn'>;
  /** Holds the data directory also where the database is on a server: a file in it is needed. */
  readonly needsData?: boolean;
};

/**
 * Opens the database as it stands, hands it on, and closes it again.
 *
 * @throws {HostError} `DATA_LOCKED` with who holds it where a server runs on it; `DATA_UNUSABLE`, `STORAGE_UNAVAILABLE`.
 */
export function withDatabase<Result>(
  place: DirectPlace,
  use: (database: Database) => Promise<Result>,
): Promise<Result> {
  return holding(place, async (at) => {
    await using database = await openStoreDatabase(at);
    return await use(database);
  });
}

/**
 * The same for the storage, brought to the tables of this Bulkhead first.
 *
 * @throws {UsageError} where there is no store yet; others as {@link withDatabase}.
 */
export function withStorage<Result>(place: DirectPlace, use: (storage: Storage) => Promise<Result>): Promise<Result> {
  insistOnStore(place);
  return holding(place, async (at) => {
    const storage = await openStore(at);
    try {
      return await use(storage);
    } finally {
      await storage.close();
    }
  });
}

/**
 * The same for the storage with the queue of tasks.
 *
 * @throws {UsageError} where there is no store yet; others as {@link withDatabase}.
 */
export function withStoreAndTasks<Result>(
  place: DirectPlace,
  use: (opened: StoreWithTasks) => Promise<Result>,
): Promise<Result> {
  insistOnStore(place);
  return holding(place, async (at) => {
    const opened = await openStoreWithTasks(at);
    try {
      return await use(opened);
    } finally {
      await opened.tasks.close();
      await opened.storage.close();
    }
  });
}

/** Tells whether a server ever kept anything there. */
export function isStore(place: DirectPlace): boolean {
  return hasStore(placeOf(place));
}

/** @throws {UsageError} where no server ever kept anything; a folder that was mistyped shall not become a store. */
export function insistOnStore(place: DirectPlace): void {
  const { url, dataDir } = placeOf(place);
  if (hasStore({ url, dataDir })) return;
  throw new UsageError(
    `there is no database in ${dataDir}`,
    'Name the data folder of a server with --data, or set BULKHEAD_DATABASE_URL.',
  );
}

/** A database on a server is shared by design, and whoever migrates it holds the lock that is in it. */
async function holding<Result>(place: DirectPlace, use: (at: StorePlace) => Promise<Result>): Promise<Result> {
  const at = placeOf(place);
  if (at.url !== undefined && place.needsData !== true) return use(at);
  await using lock = new AsyncDisposableStack();
  lock.use(await holdDataDirectory(at.dataDir));
  return await use(at);
}

function placeOf({ data, log }: DirectPlace): StorePlace {
  return { url: databaseUrl(process.env), dataDir: resolve(data ?? DEFAULT_DATA), log };
}
