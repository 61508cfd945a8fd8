/**
 * Tenants, and which plugin each of them has enabled (F003-37, F003-38, X003-7).
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The first migration. */
export const tenantsAndRegistrations: Migration = {
  up: async (db: Kysely<unknown>) => {
    await createTenants(db);
    await createRegistrations(db);
  },
  down: async (db: Kysely<unknown>) => {
    await db.schema.dropTable('plugin_registrations').execute();
    await db.schema.dropTable('tenants').execute();
  },
};

async function createTenants(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('tenants')
    .addColumn('id', 'uuid', (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
    .addColumn('name', 'varchar(255)', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addUniqueConstraint('uq_tenant_name', ['name'])
    .execute();
}

async function createRegistrations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('plugin_registrations')
    .addColumn('id', 'uuid', (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
    .addColumn('tenant_id', 'uuid', (column) => column.notNull().references('tenants.id').onDelete('cascade'))
    .addColumn('plugin_name', 'varchar(255)', (column) => column.notNull())
    .addColumn('plugin_version', 'varchar(64)', (column) => column.notNull())
    .addColumn('enabled', 'boolean', (column) => column.notNull().defaultTo(true))
    .addColumn('config', 'jsonb', (column) => column.notNull().defaultTo(sql`'{}'::jsonb`))
    .addColumn('granted_permissions', 'jsonb', (column) => column.notNull().defaultTo(sql`'[]'::jsonb`))
    .addColumn('revision', 'integer', (column) => column.notNull().defaultTo(1))
    .addColumn('installed_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addUniqueConstraint('uq_plugin_tenant', ['tenant_id', 'plugin_name'])
    .execute();
  const index = (name: string): ReturnType<typeof db.schema.createIndex> => db.schema.createIndex(name);
  await index('ix_plugin_registrations_tenant_id').on('plugin_registrations').column('tenant_id').execute();
  await index('ix_plugin_enabled').on('plugin_registrations').columns(['tenant_id', 'enabled']).execute();
}
