/**
 * What happens while hosts run: transitions, the call ledger, idempotency keys, trials. Tenants are the words of calls, and
 * no reference: what happened stays when a tenant goes, until retention removes it.
 */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The second migration. */
export const records: Migration = {
  up: async (db: Database) => {
    await createTransitions(db);
    await createLedger(db);
    await createKeys(db);
    await createTrials(db);
  },
  down: async (db: Database) => {
    for (const table of ['plugin_trials', 'idempotency_keys', 'call_ledger', 'plugin_transitions'])
      await db.schema.dropTable(table).execute();
  },
};

async function createTransitions(db: Database): Promise<void> {
  await db.schema
    .createTable('plugin_transitions')
    .addColumn('seq', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('plugin_name', 'varchar(255)', (column) => column.notNull())
    .addColumn('scope', 'varchar(255)', (column) => column.notNull())
    .addColumn('digest', 'varchar(64)', (column) => column.notNull())
    .addColumn('from_state', 'varchar(16)', (column) => column.notNull())
    .addColumn('to_state', 'varchar(16)', (column) => column.notNull())
    .addColumn('cause', 'varchar(64)', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .addColumn('last_at', 'timestamptz', (column) => column.notNull())
    .addColumn('times', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('ix_plugin_transitions_of')
    .on('plugin_transitions')
    .columns(['plugin_name', 'scope', 'seq'])
    .execute();
}

async function createLedger(db: Database): Promise<void> {
  await db.schema
    .createTable('call_ledger')
    .addColumn('call_id', 'varchar(64)', (column) => column.primaryKey())
    .addColumn('seq', 'bigint', (column) => column.notNull().generatedAlwaysAsIdentity())
    .addColumn('node', 'varchar(64)', (column) => column.notNull())
    .addColumn('tenant_id', 'varchar(255)', (column) => column.notNull())
    .addColumn('plugin_name', 'varchar(255)', (column) => column.notNull())
    .addColumn('target', 'varchar(255)', (column) => column.notNull())
    .addColumn('digest', 'varchar(64)')
    .addColumn('started_at', 'timestamptz', (column) => column.notNull())
    .addColumn('ended_at', 'timestamptz')
    .addColumn('outcome', 'varchar(32)')
    .addColumn('code', 'varchar(64)')
    .addColumn('duration_ms', 'double precision')
    .execute();
  await db.schema.createIndex('ix_call_ledger_of').on('call_ledger').columns(['plugin_name', 'seq']).execute();
  // Calls come in the order of their times: a summary of blocks finds old ones, and costs a row nothing.
  await db.schema
    .createIndex('ix_call_ledger_started_at')
    .on('call_ledger')
    .using('brin')
    .column('started_at')
    .execute();
  await db.schema
    .createIndex('ix_call_ledger_unfinished')
    .on('call_ledger')
    .column('node')
    .where('ended_at' as never, 'is', null) // The tables of a migration have no types.
    .execute();
}

/** `id` is a digest of tenant, plugin, tool and key, which callers may make as long as they like; the names are for people. */
async function createKeys(db: Database): Promise<void> {
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('id', 'varchar(64)', (column) => column.primaryKey())
    .addColumn('params_hash', 'varchar(64)', (column) => column.notNull())
    .addColumn('call_id', 'varchar(64)', (column) => column.notNull().unique())
    .addColumn('node', 'varchar(64)', (column) => column.notNull())
    .addColumn('tenant_id', 'varchar(255)', (column) => column.notNull())
    .addColumn('plugin_name', 'varchar(255)', (column) => column.notNull())
    .addColumn('tool', 'varchar(255)', (column) => column.notNull())
    .addColumn('claimed_at', 'timestamptz', (column) => column.notNull())
    .addColumn('expires_at', 'timestamptz', (column) => column.notNull())
    .addColumn('outcome', 'json')
    .execute();
  await db.schema.createIndex('ix_idempotency_keys_expires_at').on('idempotency_keys').column('expires_at').execute();
  await db.schema
    .createIndex('ix_idempotency_keys_unsettled')
    .on('idempotency_keys')
    .column('node')
    .where('outcome' as never, 'is', null) // The tables of a migration have no types.
    .execute();
}

async function createTrials(db: Database): Promise<void> {
  await db.schema
    .createTable('plugin_trials')
    .addColumn('digest', 'varchar(64)', (column) => column.notNull())
    .addColumn('tier', 'varchar(16)', (column) => column.notNull())
    .addColumn('node_version', 'varchar(64)', (column) => column.notNull())
    .addColumn('state', 'varchar(16)', (column) => column.notNull())
    .addColumn('code', 'varchar(64)')
    .addColumn('reason', 'text')
    .addColumn('ready', 'json')
    .addColumn('health', 'varchar(16)', (column) => column.notNull())
    .addColumn('tried_at', 'timestamptz', (column) => column.notNull())
    .addPrimaryKeyConstraint('pk_plugin_trials', ['digest', 'tier', 'node_version'])
    .execute();
}
