/**
 * Brings a database to the tables that this Bulkhead knows, and back. A run is one transaction: it is done whole or not at
 * all. Several nodes may start at once; one migrates, the others wait and find nothing to do.
 */
import { sql } from 'kysely';
import { Migrator, NO_MIGRATIONS, type Migration, type MigrationResultSet } from 'kysely/migration';
import { HostError } from '@bulkhead/host';
import type { Database } from './engine/database.ts';
import { MIGRATIONS } from './migrations/index.ts';

/**
 * What a database has been through.
 *
 * @experimental
 */
export type MigrationStatus = {
  /** Every migration of this Bulkhead in order; `appliedAt` as ISO 8601, undefined where it is yet to come. */
  readonly known: readonly { readonly name: string; readonly appliedAt: string | undefined }[];
  /** Names that only a newer Bulkhead knows. */
  readonly unknown: readonly string[];
};

/**
 * By name, in the order of their names.
 *
 * @experimental
 */
export type Migrations = Readonly<Record<string, Migration>>;

const TABLE = 'schema_migrations';
const LOCK_TABLE = 'schema_migrations_lock';

/**
 * Applies what is missing.
 *
 * @returns Names of the migrations that this run applied, in order.
 * @throws {HostError} `DATABASE_NEWER`, `MIGRATION_FAILED`, `STORAGE_UNAVAILABLE`; nothing has changed then.
 * @experimental
 */
export async function migrateUp(database: Database, migrations: Migrations = MIGRATIONS): Promise<readonly string[]> {
  await refuseNewer(database, migrations);
  return namesOf(await migratorOf(database, migrations).migrateToLatest());
}

/**
 * How far down: one step, to nothing at all, or until the named migration, which stays, is the last.
 *
 * @experimental
 */
export type Downwards = 'one' | 'all' | { readonly to: string };

/**
 * Takes back the last migration, all, or all after one. Rows of the tables that go are lost.
 *
 * @returns Names of the migrations that this run took back, last first.
 * @throws {HostError} `REQUEST_INVALID` for a migration to stay that is not applied; as {@link migrateUp}.
 * @experimental
 */
export async function migrateDown(
  database: Database,
  { steps, migrations = MIGRATIONS }: { readonly steps: Downwards; readonly migrations?: Migrations },
): Promise<readonly string[]> {
  await refuseNewer(database, migrations);
  const migrator = migratorOf(database, migrations);
  if (steps === 'one') return namesOf(await migrator.migrateDown());
  if (steps === 'all') return namesOf(await migrator.migrateTo(NO_MIGRATIONS));
  // Kysely would apply one that is yet to come.
  if (!(await readApplied(database)).has(steps.to)) throw notApplied(steps.to, migrations);
  return namesOf(await migrator.migrateTo(steps.to));
}

/**
 * Tells what has been applied, and changes nothing.
 *
 * @experimental
 */
export async function migrationStatus(
  database: Database,
  migrations: Migrations = MIGRATIONS,
): Promise<MigrationStatus> {
  const applied = await readApplied(database);
  const known = Object.keys(migrations).map((name) => ({ name, appliedAt: applied.get(name) }));
  return { known, unknown: [...applied.keys()].filter((name) => !(name in migrations)) };
}

function migratorOf({ patientDb }: Database, migrations: Migrations): Migrator {
  return new Migrator({
    db: patientDb,
    provider: { getMigrations: async () => migrations },
    migrationTableName: TABLE,
    migrationLockTableName: LOCK_TABLE,
  });
}

/** Times by name. An empty database has no such table yet. */
async function readApplied({ patientDb }: Database): Promise<ReadonlyMap<string, string>> {
  const found = await sql<{ table: string | null }>`select to_regclass(${TABLE})::text as table`.execute(patientDb);
  if (typeof found.rows[0]?.table !== 'string') return new Map();
  const { rows } = await sql<{ name: string; timestamp: string }>`
    select name, timestamp from ${sql.table(TABLE)} order by name`.execute(patientDb);
  return new Map(rows.map(({ name, timestamp }) => [name, timestamp]));
}

async function refuseNewer(database: Database, migrations: Migrations): Promise<void> {
  const { unknown } = await migrationStatus(database, migrations);
  if (unknown.length === 0) return;
  throw new HostError('DATABASE_NEWER', {
    message: `the database has migration "${unknown[0]}", which is not known here`,
  });
}

function notApplied(name: string, migrations: Migrations): HostError {
  return new HostError('REQUEST_INVALID', {
    message: `the database has no migration ${JSON.stringify(name.slice(0, 80))} to go down to`,
    hint: `Those of this Bulkhead are ${Object.keys(migrations).join(', ')}.`,
  });
}

function namesOf({ error, results = [] }: MigrationResultSet): readonly string[] {
  if (error === undefined) return results.map(({ migrationName }) => migrationName);
  if (error instanceof HostError) throw error;
  const failed = results.find(({ status }) => status === 'Error');
  throw new HostError('MIGRATION_FAILED', {
    message: `migration "${failed?.migrationName ?? 'unknown'}" was refused by the database, and nothing has changed`,
    details: { said: error instanceof Error ? error.message : undefined },
    cause: error,
  });
}
