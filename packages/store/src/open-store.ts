/**
 * The host's storage where an operator wants it: on a PostgreSQL server, or embedded in the data directory. Brought to the
 * tables that this Bulkhead knows before it is used.
 */
import { join } from 'node:path';
import type { Log, Storage } from '@bulkhead/host';
import { openDatabase, type DatabasePlace } from './engine/database.ts';
import { migrateUp } from './migrate.ts';
import { openStorage } from './storage/open-storage.ts';

/** Without `url` the database is embedded below `dataDir`, which the caller holds. */
export type StorePlace = {
  readonly url: string | undefined;
  readonly dataDir: string;
  readonly log: Pick<Log, 'warn'>;
};

/**
 * Opens the storage; whoever closes it closes the database.
 *
 * @throws {HostError} `STORAGE_UNAVAILABLE`, `CONFIG_INVALID` for a url that is none, `DATABASE_NEWER`, `MIGRATION_FAILED`.
 */
export async function openStore(place: StorePlace): Promise<Storage> {
  const database = await openDatabase(databaseOf(place), { log: place.log });
  try {
    await migrateUp(database);
    return await openStorage(database);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Where the database of a place is. */
function databaseOf({ url, dataDir }: Pick<StorePlace, 'url' | 'dataDir'>): DatabasePlace {
  return url === undefined ? { kind: 'directory', dir: join(dataDir, 'database') } : { kind: 'server', url };
}
