/**
 * Evaluations of releases. What a plugin said is `json`, which takes text that `jsonb` refuses; changes of state are only ever added.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The sixteenth migration. */
export const evaluations: Migration = {
  up: async (db: Database) => {
    // As with what plugins remember: an implied tenant has no row, so whoever removes a tenant removes these.
    await db.schema
      .createTable('evaluations')
      .addColumn('id', 'uuid', (column) => column.primaryKey())
      .addColumn('tenant_id', 'uuid')
      .addColumn('tenant_word', 'varchar(128)')
      .addColumn('plugin_name', 'varchar(255)', (column) => column.notNull())
      .addColumn('from_version', 'varchar(64)')
      .addColumn('to_version', 'varchar(64)', (column) => column.notNull())
      .addColumn('kind', 'varchar(16)', (column) => column.notNull())
      .addColumn('state', 'varchar(16)', (column) => column.notNull())
      .addColumn('verdict', 'varchar(255)')
      .addColumn('reasons', 'json', (column) => column.notNull())
      .addColumn('summary', 'json', (column) => column.notNull())
      .addColumn('report', 'json')
      .addColumn('node', 'varchar(255)', (column) => column.notNull())
      .addColumn('actor', 'varchar(255)', (column) => column.notNull())
      .addColumn('created_at', 'timestamptz', (column) => column.notNull())
      .addColumn('updated_at', 'timestamptz', (column) => column.notNull())
      .addColumn('revision', 'bigint', (column) => column.notNull())
      .execute();
    await createChanges(db);
    await db.schema
      .createIndex('ix_evaluations_of')
      .on('evaluations')
      .columns(['tenant_id', 'plugin_name', 'id'])
      .execute();
    await db.schema
      .createIndex('ix_evaluations_running')
      .on('evaluations')
      .column('id')
      .where(sql.ref('state'), 'in', ['queued', 'evaluating', 'shadow', 'canary'])
      .execute();
  },
  down: async (db: Database) => {
    for (const table of ['evaluation_changes', 'evaluations']) await db.schema.dropTable(table).execute();
  },
};

/** `number` is the revision that made the change. */
async function createChanges(db: Database): Promise<void> {
  await db.schema
    .createTable('evaluation_changes')
    .addColumn('evaluation_id', 'uuid', (column) => column.notNull().references('evaluations.id').onDelete('cascade'))
    .addColumn('number', 'bigint', (column) => column.notNull())
    .addColumn('state', 'varchar(16)', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addPrimaryKeyConstraint('pk_evaluation_changes', ['evaluation_id', 'number'])
    .execute();
}
