/**
 * Whose an event is, so that it can go with its tenant: the event itself is `json` as it was written, of which the database reads no
 * part where some text in it has a NUL. What is there already goes in minutes by itself.
 */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

/** The tenth migration. */
export const eventTenants: Migration = {
  up: async (db: Database) => {
    await db.schema.alterTable('plugin_events').addColumn('tenant_id', 'uuid').execute();
  },
  down: async (db: Database) => {
    await db.schema.alterTable('plugin_events').dropColumn('tenant_id').execute();
  },
};
