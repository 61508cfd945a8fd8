/**
 * What is kept of tasks beside their jobs, which are pg-boss's own (schema `pgboss`, made when a queue is first opened): whose they
 * are, who has them, who left them, and exactly one result each. Tasks and results are `json`, which takes text that `jsonb` refuses.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The seventeenth migration. */
export const taskResults: Migration = {
  up: async (db: Database) => {
    await createLines(db);
    await createTasks(db);
    await createIndexes(db);
    await db.schema
      .createTable('task_results')
      .addColumn('task_id', 'varchar(128)', (column) =>
        column.primaryKey().references('queued_tasks.id').onDelete('cascade'),
      )
      .addColumn('result', 'json', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('task_workers')
      .addColumn('id', 'varchar(255)', (column) => column.primaryKey())
      .addColumn('tags', sql`text[]`, (column) => column.notNull())
      .addColumn('kinds', sql`text[]`)
      .addColumn('seen_at', 'timestamptz', (column) => column.notNull())
      .execute();
    await sql`create sequence task_turns`.execute(db);
  },
  down: async (db: Database) => {
    // Jobs without their tasks are nobody's.
    await sql`drop schema if exists pgboss cascade`.execute(db);
    await sql`drop sequence task_turns`.execute(db);
    for (const table of ['task_workers', 'task_results', 'queued_tasks', 'task_lines']) {
      await db.schema.dropTable(table).execute();
    }
  },
};

/** One line for each tenant, kind and set of required tags; `queue` is pg-boss's, one for each set. */
async function createLines(db: Database): Promise<void> {
  // As with what plugins remember: an implied tenant has no row, so whoever removes a tenant removes these.
  await db.schema
    .createTable('task_lines')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('queue', 'text', (column) => column.notNull())
    .addColumn('tenant_id', 'uuid', (column) => column.notNull())
    .addColumn('tenant_word', 'varchar(128)')
    .addColumn('kind', 'varchar(32)', (column) => column.notNull())
    .addColumn('requires', sql`text[]`, (column) => column.notNull())
    .addUniqueConstraint('uq_task_lines', ['queue', 'tenant_id', 'kind'])
    .execute();
}

/** `seq` is the order in which tasks were given, and the key of their jobs; `turn` is when its tenant was served by it. */
async function createTasks(db: Database): Promise<void> {
  await db.schema
    .createTable('queued_tasks')
    .addColumn('id', 'varchar(128)', (column) => column.primaryKey())
    .addColumn('seq', 'bigint', (column) => column.notNull().generatedAlwaysAsIdentity().unique())
    .addColumn('job_id', 'uuid', (column) => column.notNull().defaultTo(sql`gen_random_uuid()`))
    .addColumn('line_id', 'bigint', (column) => column.notNull().references('task_lines.id'))
    .addColumn('tenant_id', 'uuid', (column) => column.notNull())
    .addColumn('task', 'json', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('state', 'varchar(16)', (column) => column.notNull().defaultTo('queued'))
    .addColumn('priority', 'integer', (column) => column.notNull())
    .addColumn('is_front', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('deadline', 'timestamptz')
    .addColumn('max_retry', 'integer', (column) => column.notNull())
    .addColumn('available_at', 'timestamptz', (column) => column.notNull())
    .addColumn('ended_at', 'timestamptz')
    .addColumn('worker_id', 'varchar(255)')
    .addColumn('lease', 'varchar(64)')
    .addColumn('lease_until', 'timestamptz')
    .addColumn('leases_lost', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('turn', 'bigint')
    .addColumn('skipped_by', sql`text[]`, (column) => column.notNull().defaultTo(sql`'{}'`))
    .addColumn('reason', 'text')
    .execute();
}

/** Each is for one question that is asked often; the heads of lines and the turns of tenants with every claim. */
async function createIndexes(db: Database): Promise<void> {
  for (const statement of [
    sql`create index ix_queued_tasks_head on queued_tasks (line_id, priority desc, is_front desc, seq) where state = 'queued'`,
    sql`create index ix_queued_tasks_deadline on queued_tasks (deadline) where state = 'queued' and deadline is not null`,
    sql`create index ix_queued_tasks_lease on queued_tasks (lease) where lease is not null`,
    sql`create index ix_queued_tasks_lease_until on queued_tasks (lease_until) where state = 'active'`,
    sql`create index ix_queued_tasks_turn on queued_tasks (tenant_id, turn) where turn is not null`,
    sql`create index ix_queued_tasks_ended on queued_tasks (ended_at) where ended_at is not null`,
  ])
    await statement.execute(db);
}
