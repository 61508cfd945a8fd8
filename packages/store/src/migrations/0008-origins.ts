/**
 * Where releases came from: their form, who signed them, and which packages they bring. What is there already came from
 * folders, for there was no other way.
 */
import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

type Database = Kysely<unknown>;

const FOLDER = sql`'{"form":"folder","archive_sha256":null,"signed_by":null,"dependencies":[]}'::jsonb`;

/** The migration. */
export const origins: Migration = {
  up: async (db: Database) => {
    await db.schema
      .alterTable('plugin_releases')
      .addColumn('origin', 'jsonb', (column) => column.notNull().defaultTo(FOLDER))
      .execute();
  },
  down: async (db: Database) => {
    await db.schema.alterTable('plugin_releases').dropColumn('origin').execute();
  },
};
