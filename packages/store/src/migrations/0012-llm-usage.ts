/**
 * What tenants used of language models, summed by day and backend.
 */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The twelfth migration. */
export const llmUsage: Migration = {
  up: async (db: Database) => {
    // As with what plugins remember: an implied tenant has no row, so whoever removes a tenant removes these.
    await db.schema
      .createTable('llm_usage')
      .addColumn('tenant_id', 'uuid', (column) => column.notNull())
      .addColumn('day', 'varchar(10)', (column) => column.notNull())
      .addColumn('backend', 'varchar(255)', (column) => column.notNull())
      .addColumn('requests', 'bigint', (column) => column.notNull())
      .addColumn('input_tokens', 'bigint', (column) => column.notNull())
      .addColumn('output_tokens', 'bigint', (column) => column.notNull())
      .addColumn('cost_usd', 'double precision', (column) => column.notNull())
      .addPrimaryKeyConstraint('pk_llm_usage', ['tenant_id', 'day', 'backend'])
      .execute();
  },
  down: async (db: Database) => {
    await db.schema.dropTable('llm_usage').execute();
  },
};
