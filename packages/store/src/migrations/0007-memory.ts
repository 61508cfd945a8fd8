/**
 * What plugins remember for tenants.
 */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The seventh migration. */
export const memory: Migration = {
  up: async (db: Database) => {
    await createArtifacts(db);
    await db.schema
      .createIndex('ix_memory_artifacts_newest')
      .on('memory_artifacts')
      .columns(['tenant_id', 'plugin_name', 'timestamp desc', 'id desc'])
      .execute();
  },
  down: async (db: Database) => {
    await db.schema.dropTable('memory_artifacts').execute();
  },
};

/**
 * A tenant that an embedder implies has no row of its own, so nothing refers to one here; whoever removes a tenant removes
 * these, too. An owner has 10,000 rows at most: reading through them takes milliseconds, and no index of words is needed.
 */
async function createArtifacts(db: Database): Promise<void> {
  await db.schema
    .createTable('memory_artifacts')
    .addColumn('tenant_id', 'uuid', (column) => column.notNull())
    .addColumn('plugin_name', 'varchar(255)', (column) => column.notNull())
    .addColumn('id', 'uuid', (column) => column.notNull())
    .addColumn('content', 'json', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('timestamp', 'timestamptz', (column) => column.notNull())
    .addColumn('tags', 'jsonb', (column) => column.notNull())
    .addColumn('confidence', 'double precision', (column) => column.notNull())
    .addColumn('related_artifacts', 'jsonb', (column) => column.notNull())
    .addColumn('search_text', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('pk_memory_artifacts', ['tenant_id', 'plugin_name', 'id'])
    .execute();
}
