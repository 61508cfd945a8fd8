/**
 * What tenants used by day as sums of whatever is metered, in place of columns for language models alone.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** Each sum of the twelfth migration's table, and what it is called as a meter. */
const METERS = {
  requests: 'llm_requests',
  input_tokens: 'llm_input_tokens',
  output_tokens: 'llm_output_tokens',
  cost_usd: 'llm_usd',
} as const;

/** The fourteenth migration. */
export const usage: Migration = {
  up: async (db: Database) => {
    // As with what plugins remember: an implied tenant has no row, so whoever removes a tenant removes these.
    await db.schema
      .createTable('tenant_usage')
      .addColumn('tenant_id', 'uuid', (column) => column.notNull())
      .addColumn('day', 'varchar(10)', (column) => column.notNull())
      .addColumn('meter', 'varchar(64)', (column) => column.notNull())
      .addColumn('subject', 'varchar(255)', (column) => column.notNull())
      .addColumn('amount', 'double precision', (column) => column.notNull())
      .addPrimaryKeyConstraint('pk_tenant_usage', ['tenant_id', 'day', 'meter', 'subject'])
      .execute();
    for (const [column, meter] of Object.entries(METERS))
      await sql`insert into tenant_usage (tenant_id, day, meter, subject, amount)
        select tenant_id, day, ${meter}, backend, ${sql.ref(column)} from llm_usage`.execute(db);
    await db.schema.dropTable('llm_usage').execute();
    // What is too old is looked for by its day alone.
    await db.schema.createIndex('ix_tenant_usage_day').on('tenant_usage').column('day').execute();
  },
  down: async (db: Database) => {
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
    const sums = Object.values(METERS).map((meter) => sql`coalesce(sum(amount) filter (where meter = ${meter}), 0)`);
    await sql`insert into llm_usage (tenant_id, day, backend, requests, input_tokens, output_tokens, cost_usd)
      select tenant_id, day, subject, ${sql.join(sums)} from tenant_usage
      where meter in (${sql.join(Object.values(METERS))}) group by tenant_id, day, subject`.execute(db);
    await db.schema.dropTable('tenant_usage').execute();
  },
};
