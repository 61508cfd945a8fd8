/**
 * Releases side by side: whether the operator vouched for one, the moves of registrations between them, and rollouts.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The migration. */
export const releases: Migration = {
  up: async (db: Database) => {
    await db.schema
      .alterTable('plugin_releases')
      .addColumn('is_trusted', 'boolean', (column) => column.notNull().defaultTo(true))
      .execute();
    await createMoves(db);
    await createRollouts(db);
  },
  down: async (db: Database) => {
    for (const table of ['plugin_rollouts', 'registration_moves']) await db.schema.dropTable(table).execute();
    await db.schema.alterTable('plugin_releases').dropColumn('is_trusted').execute();
  },
};

async function createMoves(db: Database): Promise<void> {
  await db.schema
    .createTable('registration_moves')
    .addColumn('seq', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('registration_id', 'uuid', (column) =>
      column.notNull().references('plugin_registrations.id').onDelete('cascade').onUpdate('cascade'),
    )
    .addColumn('kind', 'varchar(32)', (column) => column.notNull())
    .addColumn('from_version', 'varchar(64)', (column) => column.notNull())
    .addColumn('to_version', 'varchar(64)', (column) => column.notNull())
    .addColumn('granted_before', 'jsonb', (column) => column.notNull().defaultTo(sql`'[]'::jsonb`))
    .addColumn('actor', 'varchar(255)', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('ix_registration_moves_of')
    .on('registration_moves')
    .columns(['registration_id', 'seq'])
    .execute();
}

/** Shares are `json`: a tenth stays the number that was written. */
async function createRollouts(db: Database): Promise<void> {
  await db.schema
    .createTable('plugin_rollouts')
    .addColumn('plugin_name', 'varchar(255)', (column) => column.primaryKey())
    .addColumn('id', 'uuid', (column) => column.notNull())
    .addColumn('version', 'varchar(64)', (column) => column.notNull())
    .addColumn('gate', 'varchar(16)', (column) => column.notNull())
    .addColumn('steps', 'json', (column) => column.notNull())
    .addColumn('steps_done', 'integer', (column) => column.notNull())
    .addColumn('wait_ms', 'bigint', (column) => column.notNull())
    .addColumn('state', 'varchar(16)', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('left_out', 'json', (column) => column.notNull())
    .addColumn('node', 'varchar(64)', (column) => column.notNull())
    .addColumn('actor', 'varchar(255)', (column) => column.notNull())
    .addColumn('started_at', 'timestamptz', (column) => column.notNull())
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .execute();
}
