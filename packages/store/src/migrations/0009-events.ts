/**
 * Events on their way between the nodes of a database.
 */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The ninth migration. */
export const events: Migration = {
  up: async (db: Database) => {
    await createEvents(db);
    await db.schema.createIndex('ix_plugin_events_at').on('plugin_events').column('at').execute();
  },
  down: async (db: Database) => {
    await db.schema.dropTable('plugin_events').execute();
  },
};

/** Rows live for minutes. An event is `json`, which keeps it as it was written. */
async function createEvents(db: Database): Promise<void> {
  await db.schema
    .createTable('plugin_events')
    .addColumn('seq', 'bigint', (column) => column.generatedAlwaysAsIdentity().primaryKey())
    .addColumn('id', 'uuid', (column) => column.notNull().unique())
    .addColumn('node', 'varchar(64)', (column) => column.notNull())
    .addColumn('depth', 'integer', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .addColumn('event', 'json', (column) => column.notNull())
    .execute();
}
