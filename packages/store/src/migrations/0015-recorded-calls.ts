/**
 * Calls that are recorded for evaluations, and which share of a registration's calls that is. What a caller or plugin said is `json`,
 * which takes text that `jsonb` refuses.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The fifteenth migration. */
export const recordedCalls: Migration = {
  up: async (db: Database) => {
    // Beside the table of registrations, whose columns are a contract.
    await db.schema
      .createTable('registration_recordings')
      .addColumn('registration_id', 'uuid', (column) =>
        column.primaryKey().references('plugin_registrations.id').onDelete('cascade').onUpdate('cascade'),
      )
      .addColumn('share', 'double precision', (column) => column.notNull().check(sql`share > 0 and share <= 1`))
      .execute();
    // As with what plugins remember: an implied tenant has no row, so whoever removes a tenant removes these.
    await db.schema
      .createTable('recorded_calls')
      .addColumn('tenant_id', 'uuid', (column) => column.notNull())
      .addColumn('plugin_name', 'varchar(255)', (column) => column.notNull())
      .addColumn('id', 'uuid', (column) => column.notNull())
      .addColumn('plugin_version', 'varchar(64)', (column) => column.notNull())
      .addColumn('tool', 'varchar(255)', (column) => column.notNull())
      .addColumn('params', 'json', (column) => column.notNull())
      .addColumn('outcome', 'varchar(32)', (column) => column.notNull())
      .addColumn('code', 'varchar(64)')
      .addColumn('value_sha256', 'varchar(64)')
      .addColumn('result', 'json')
      .addColumn('duration_ms', 'double precision', (column) => column.notNull())
      .addColumn('recorded_at', 'timestamptz', (column) => column.notNull())
      .addPrimaryKeyConstraint('pk_recorded_calls', ['tenant_id', 'plugin_name', 'id'])
      .execute();
    // What is too old is looked for by its time alone.
    await db.schema.createIndex('ix_recorded_calls_recorded_at').on('recorded_calls').column('recorded_at').execute();
  },
  down: async (db: Database) => {
    for (const table of ['recorded_calls', 'registration_recordings']) await db.schema.dropTable(table).execute();
  },
};
