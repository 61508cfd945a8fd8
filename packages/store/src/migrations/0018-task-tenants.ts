/**
 * Workers of one tenant, beside those that work for all: two tenants' workers may have the same name; results that are large, by their
 * digests; and what is counted of tasks that have ended, by sequences, which no two transactions wait for.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** Stands for all tenants. */
const ANY_TENANT = '00000000-0000-0000-0000-000000000000';

/** The eighteenth migration. */
export const taskTenants: Migration = {
  up: async (db: Database) => {
    await db.schema
      .alterTable('task_workers')
      .addColumn('tenant_id', 'uuid', (column) => column.notNull().defaultTo(ANY_TENANT))
      .execute();
    await db.schema.alterTable('task_workers').dropConstraint('task_workers_pkey').execute();
    await db.schema
      .alterTable('task_workers')
      .addPrimaryKeyConstraint('pk_task_workers', ['id', 'tenant_id'])
      .execute();
    await sql`create index ix_queued_tasks_open on queued_tasks (tenant_id) where state in ('queued', 'active')`.execute(
      db,
    );
    for (const name of ['tasks_done', 'tasks_dead']) await sql`create sequence ${sql.id(name)}`.execute(db);
    await db.schema
      .createTable('task_artifacts')
      .addColumn('digest', 'varchar(64)', (column) => column.primaryKey())
      .addColumn('result', 'json', (column) => column.notNull())
      .execute();
    await db.schema
      .alterTable('task_results')
      .addColumn('digest', 'varchar(64)', (column) => column.references('task_artifacts.digest'))
      .execute();
    await sql`create index ix_task_results_digest on task_results (digest) where digest is not null`.execute(db);
  },
  down: async (db: Database) => {
    await sql`
      update task_results set result = kept.result from task_artifacts as kept where kept.digest = task_results.digest`.execute(
      db,
    );
    await db.schema.alterTable('task_results').dropColumn('digest').execute();
    await db.schema.dropTable('task_artifacts').execute();
    for (const name of ['tasks_done', 'tasks_dead']) await sql`drop sequence ${sql.id(name)}`.execute(db);
    await sql`drop index ix_queued_tasks_open`.execute(db);
    // They come again with their next claim.
    await sql`delete from task_workers`.execute(db);
    await db.schema.alterTable('task_workers').dropConstraint('pk_task_workers').execute();
    await db.schema.alterTable('task_workers').dropColumn('tenant_id').execute();
    await db.schema.alterTable('task_workers').addPrimaryKeyConstraint('task_workers_pkey', ['id']).execute();
  },
};
