/**
 * Runs of agents. What a model or tool said is `json`, which takes text that `jsonb` refuses.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The thirteenth migration. */
export const agentRuns: Migration = {
  up: async (db: Database) => {
    // As with what plugins remember: an implied tenant has no row, so whoever removes a tenant removes these.
    await db.schema
      .createTable('agent_runs')
      .addColumn('id', 'uuid', (column) => column.notNull())
      .addColumn('tenant_id', 'uuid', (column) => column.notNull())
      .addColumn('node', 'varchar(255)', (column) => column.notNull())
      .addColumn('status', 'varchar(32)', (column) => column.notNull())
      .addColumn('created_at', 'timestamptz', (column) => column.notNull())
      .addColumn('run', 'json', (column) => column.notNull())
      .addColumn('messages', 'json')
      .addPrimaryKeyConstraint('pk_agent_runs', ['tenant_id', 'id'])
      .execute();
    await db.schema.createIndex('ix_agent_runs_created_at').on('agent_runs').column('created_at').execute();
    await db.schema
      .createIndex('ix_agent_runs_running')
      .on('agent_runs')
      .column('node')
      .where(sql.ref('status'), '=', 'running')
      .execute();
  },
  down: async (db: Database) => {
    await db.schema.dropTable('agent_runs').execute();
  },
};
