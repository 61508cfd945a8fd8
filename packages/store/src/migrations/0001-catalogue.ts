/**
 * What administrators decide: tenants, tokens, releases, registrations (F003-37, F003-38, X003-7), and the commits that
 * changed them with the audit log that says so.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The first migration. */
export const catalogue: Migration = {
  up: async (db: Database) => {
    await createTenants(db);
    await createTokens(db);
    await createReleases(db);
    await createRegistrations(db);
    await createCommits(db);
  },
  down: async (db: Database) => {
    const tables = [
      ...['audit_log', 'audit_head', 'catalogue_steps', 'registration_revisions', 'plugin_registrations'],
      ...['plugin_releases', 'api_tokens', 'tenants'],
    ];
    for (const table of tables) await db.schema.dropTable(table).execute();
  },
};

/** `word` is the id by which calls name the tenant, where that is not the UUID itself: `default`, or a word of an embedder's. */
async function createTenants(db: Database): Promise<void> {
  await db.schema
    .createTable('tenants')
    .addColumn('id', 'uuid', (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
    .addColumn('seq', 'bigint', (column) => column.notNull().generatedAlwaysAsIdentity())
    .addColumn('word', 'varchar(128)')
    .addColumn('name', 'varchar(255)', (column) => column.notNull())
    .addColumn('min_tier', 'varchar(16)')
    .addColumn('quota', 'jsonb', (column) => column.notNull().defaultTo(sql`'{}'::jsonb`))
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addUniqueConstraint('uq_tenant_word', ['word'])
    .addUniqueConstraint('uq_tenant_name', ['name'])
    .execute();
}

async function createTokens(db: Database): Promise<void> {
  await db.schema
    .createTable('api_tokens')
    .addColumn('id', 'varchar(64)', (column) => column.primaryKey())
    .addColumn('seq', 'bigint', (column) => column.notNull().generatedAlwaysAsIdentity())
    .addColumn('tenant_id', 'uuid', (column) => column.notNull().references('tenants.id').onDelete('cascade'))
    .addColumn('role', 'varchar(16)', (column) => column.notNull())
    .addColumn('scopes', sql`text[]`)
    .addColumn('hash', 'varchar(64)', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('expires_at', 'timestamptz')
    .execute();
  await db.schema.createIndex('ix_api_tokens_tenant_id').on('api_tokens').column('tenant_id').execute();
}

/** What an author wrote is `json`, which keeps it byte for byte; `jsonb` would refuse some of it and reorder the rest. */
async function createReleases(db: Database): Promise<void> {
  await db.schema
    .createTable('plugin_releases')
    .addColumn('plugin_name', 'varchar(255)', (column) => column.notNull())
    .addColumn('version', 'varchar(64)', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull().generatedAlwaysAsIdentity())
    .addColumn('digest', 'varchar(64)', (column) => column.notNull())
    .addColumn('place', 'text', (column) => column.notNull())
    .addColumn('manifest', 'json', (column) => column.notNull())
    .addColumn('findings', 'json', (column) => column.notNull())
    .addColumn('is_public', 'boolean', (column) => column.notNull())
    .addColumn('offered_to', sql`text[]`, (column) => column.notNull().defaultTo(sql`'{}'::text[]`))
    .addColumn('installed_at', 'timestamptz', (column) => column.notNull())
    .addPrimaryKeyConstraint('pk_plugin_releases', ['plugin_name', 'version'])
    .execute();
}

async function createRegistrations(db: Database): Promise<void> {
  await db.schema
    .createTable('plugin_registrations')
    .addColumn('id', 'uuid', (column) => column.primaryKey().defaultTo(sql`gen_random_uuid()`))
    .addColumn('tenant_id', 'uuid', (column) => column.notNull().references('tenants.id').onDelete('cascade'))
    .addColumn('plugin_name', 'varchar(255)', (column) => column.notNull())
    .addColumn('plugin_version', 'varchar(64)', (column) => column.notNull())
    .addColumn('enabled', 'boolean', (column) => column.notNull().defaultTo(true))
    .addColumn('config', 'jsonb', (column) => column.notNull().defaultTo(sql`'{}'::jsonb`))
    .addColumn('granted_permissions', 'jsonb', (column) => column.notNull().defaultTo(sql`'[]'::jsonb`))
    .addColumn('installed_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addUniqueConstraint('uq_plugin_tenant', ['tenant_id', 'plugin_name'])
    .execute();
  const index = (name: string): ReturnType<typeof db.schema.createIndex> => db.schema.createIndex(name);
  await index('ix_plugin_registrations_tenant_id').on('plugin_registrations').column('tenant_id').execute();
  await index('ix_plugin_enabled').on('plugin_registrations').columns(['tenant_id', 'enabled']).execute();
  // Beside the table, whose columns are a contract.
  await db.schema
    .createTable('registration_revisions')
    .addColumn('registration_id', 'uuid', (column) =>
      column.primaryKey().references('plugin_registrations.id').onDelete('cascade').onUpdate('cascade'),
    )
    .addColumn('seq', 'bigint', (column) => column.notNull().generatedAlwaysAsIdentity())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .execute();
}

/** The one row of `audit_head` is what commits wait for one another at. */
async function createCommits(db: Database): Promise<void> {
  await db.schema
    .createTable('audit_head')
    .addColumn('is_only', 'boolean', (column) => column.primaryKey().check(sql`is_only`))
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'varchar(64)', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('audit_log')
    .addColumn('seq', 'bigint', (column) => column.primaryKey())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('hash', 'varchar(64)', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('catalogue_steps')
    .addColumn('revision', 'bigint', (column) => column.primaryKey())
    .addColumn('changes', 'json', (column) => column.notNull())
    .execute();
}
