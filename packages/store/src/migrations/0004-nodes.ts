/**
 * What several nodes on one database pass on to one another: the bytes of artifacts, and that they live. Rows of `nodes`
 * come and go; what a node says of its plugins is `json`, which takes whatever text a plugin threw.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The fourth migration. */
export const nodes: Migration = {
  up: async (db: Database) => {
    await createArtifacts(db);
    await createNodes(db);
  },
  down: async (db: Database) => {
    for (const table of ['nodes', 'plugin_artifacts']) await db.schema.dropTable(table).execute();
  },
};

async function createArtifacts(db: Database): Promise<void> {
  await db.schema
    .createTable('plugin_artifacts')
    .addColumn('digest', 'varchar(64)', (column) => column.primaryKey())
    .addColumn('bytes', 'bytea', (column) => column.notNull())
    .addColumn('source_map', 'bytea')
    .addColumn('put_at', 'timestamptz', (column) => column.notNull())
    .execute();
}

async function createNodes(db: Database): Promise<void> {
  await db.schema
    .createTable('nodes')
    .addColumn('id', 'varchar(64)', (column) => column.primaryKey())
    .addColumn('host_name', 'varchar(255)', (column) => column.notNull())
    .addColumn('version', 'varchar(64)', (column) => column.notNull())
    .addColumn('tier', 'varchar(16)', (column) => column.notNull())
    .addColumn('state', 'varchar(16)', (column) => column.notNull())
    .addColumn('started_at', 'timestamptz', (column) => column.notNull())
    .addColumn('heartbeat_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('plugins', 'json', (column) => column.notNull())
    .execute();
}
