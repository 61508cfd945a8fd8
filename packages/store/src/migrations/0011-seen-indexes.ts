/**
 * The highest serial that was seen of each plugin index, also once nothing of it is installed any more.
 */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The eleventh migration. */
export const seenIndexes: Migration = {
  up: async (db: Database) => {
    await db.schema
      .createTable('seen_indexes')
      .addColumn('name', 'varchar(64)', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('serial', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('pk_seen_indexes', ['name', 'key'])
      .execute();
  },
  down: async (db: Database) => {
    await db.schema.dropTable('seen_indexes').execute();
  },
};
