/**
 * The host's storage where an operator wants it: on a PostgreSQL server, or embedded in the data directory. Brought to the
 * tables that this Bulkhead knows before it is used.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Log, Storage, TaskQueue } from '@bulkhead/host';
import { openDatabase, type Database, type DatabasePlace } from './engine/database.ts';
import { migrateUp } from './migrate.ts';
import { openStorage } from './storage/open-storage.ts';
import { openTaskQueue } from './tasks/open-task-queue.ts';

/**
 * Without `url` the database is embedded below `dataDir`, which the caller holds.
 *
 * @experimental
 */
export type StorePlace = {
  readonly url: string | undefined;
  readonly dataDir: string;
  readonly log: Pick<Log, 'warn'>;
};

/**
 * Opens the storage; whoever closes it closes the database.
 *
 * @throws {HostError} `STORAGE_UNAVAILABLE`, `CONFIG_INVALID` for a url that is none, `DATABASE_NEWER`, `MIGRATION_FAILED`.
 * @experimental
 */
export async function openStore(place: StorePlace): Promise<Storage> {
  const database = await openStoreDatabase(place);
  try {
    await migrateUp(database);
    return await openStorage(database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * The storage and the queue of tasks on one database.
 *
 * @experimental
 */
export type StoreWithTasks = { readonly storage: Storage; readonly tasks: TaskQueue };

/**
 * Opens both; whoever closes them closes the queue first, and with the storage the database.
 *
 * @throws {HostError} As {@link openStore}.
 * @experimental
 */
export async function openStoreWithTasks(place: StorePlace): Promise<StoreWithTasks> {
  const database = await openStoreDatabase(place);
  try {
    await migrateUp(database);
    const tasks = await openTaskQueue(database, { log: place.log });
    return { storage: await openStorage(database), tasks };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Opens the database of a place as it stands, without a look at its tables; whoever opens it closes it.
 *
 * @throws {HostError} `STORAGE_UNAVAILABLE`, `CONFIG_INVALID` for a url that is none.
 * @internal
 */
export function openStoreDatabase(place: StorePlace): Promise<Database> {
  return openDatabase(databaseOf(place), { log: place.log });
}

/**
 * Tells whether a database was ever made at the place; one on a server is for the server to say.
 *
 * @internal
 */
export function hasStore({ url, dataDir }: Pick<StorePlace, 'url' | 'dataDir'>): boolean {
  return url !== undefined || existsSync(databaseDir(dataDir));
}

/** Where the database of a place is. */
function databaseOf({ url, dataDir }: Pick<StorePlace, 'url' | 'dataDir'>): DatabasePlace {
  return url === undefined ? { kind: 'directory', dir: databaseDir(dataDir) } : { kind: 'server', url };
}

function databaseDir(dataDir: string): string {
  return join(dataDir, 'database');
}
