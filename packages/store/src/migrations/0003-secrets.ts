/**
 * Secrets of tenants, encrypted by the host; and whose line of the audit log is whose, for readers of one tenant.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The third migration. */
export const secrets: Migration = {
  up: async (db: Database) => {
    await createSecrets(db);
    await addTenantOfLine(db);
  },
  down: async (db: Database) => {
    await db.schema.dropIndex('ix_audit_log_tenant_id').execute();
    await db.schema.alterTable('audit_log').dropColumn('tenant_id').execute();
    await db.schema.dropTable('secrets').execute();
  },
};

/** `nonce` and `ciphertext` are base64. A plugin has no table of its own, so its secrets go with its removal by the store. */
async function createSecrets(db: Database): Promise<void> {
  await db.schema
    .createTable('secrets')
    .addColumn('tenant_id', 'uuid', (column) => column.notNull().references('tenants.id').onDelete('cascade'))
    .addColumn('plugin_name', 'varchar(255)', (column) => column.notNull())
    .addColumn('name', 'varchar(128)', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull().generatedAlwaysAsIdentity())
    .addColumn('nonce', 'varchar(32)', (column) => column.notNull())
    .addColumn('ciphertext', 'text', (column) => column.notNull())
    .addColumn('key_id', 'varchar(32)', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull())
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull())
    .addPrimaryKeyConstraint('pk_secrets', ['tenant_id', 'plugin_name', 'name'])
    .execute();
  await db.schema.createIndex('ix_secrets_key_id').on('secrets').column('key_id').execute();
}

/**
 * What the line itself says, as JSON without its quotes: a column of its own could be changed without breaking the chain.
 * The fields of a line are in a fixed order (`chainAudit`), so no text of a field can pass for another.
 */
async function addTenantOfLine(db: Database): Promise<void> {
  await db.schema
    .alterTable('audit_log')
    .addColumn('tenant_id', 'text', (column) => column.generatedAlwaysAs(tenantOfLine).stored())
    .execute();
  await db.schema.createIndex('ix_audit_log_tenant_id').on('audit_log').columns(['tenant_id', 'seq']).execute();
}

const JSON_TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
const LINE = `^\\{"at":${JSON_TEXT},"actor":${JSON_TEXT},"action":${JSON_TEXT},"tenant_id":"((?:[^"\\\\]|\\\\.)*)"`;
const tenantOfLine = sql<string>`substring(text from ${sql.lit(LINE)})`;
