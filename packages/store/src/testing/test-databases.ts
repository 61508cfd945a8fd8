/**
 * Databases for tests, on both engines, each with a server or a thread of its own: no test file waits for another, and none
 * finds what another left.
 */
import { randomUUID } from 'node:crypto';
import type { Storage } from '@bulkhead/host';
import { sql } from 'kysely';
import { openDatabase, type Database, type DatabaseOptions } from '../engine/database.ts';
import { migrateUp } from '../migrate.ts';
import { openStorage } from '../storage/open-storage.ts';
import { startPostgres } from './postgres-server.ts';

/** The engines that a test is to run on. */
export const ENGINES = ['pglite', 'postgres'] as const;

/** A server in which tests make databases. */
export type TestServer = AsyncDisposable & {
  /** Makes an empty database and returns its address. */
  readonly createDatabase: () => Promise<string>;
};

/** Where set, a server to use instead of one of our own; its user must be allowed to make databases. */
const SERVER_VARIABLE = 'BULKHEAD_TEST_DATABASE_URL';

/** Opens the server of `BULKHEAD_TEST_DATABASE_URL`, or one of its own; removes what was made there at the end. */
export async function openTestServer(): Promise<TestServer> {
  await using cleanup = new AsyncDisposableStack();
  const given = process.env[SERVER_VARIABLE];
  const url = given ?? cleanup.use(await startPostgres()).url;
  const admin = cleanup.use(await openDatabase({ kind: 'server', url, connectionsMax: 1 }));
  const kept = cleanup.move();
  const createDatabase = async (): Promise<string> => {
    const name = `bulkhead_test_${randomUUID().replaceAll('-', '')}`;
    const id = sql.id(name);
    await sql`create database ${id} template template0 encoding 'UTF8' locale 'C'`.execute(admin.patientDb);
    kept.defer(async () => {
      await sql`drop database if exists ${id} with (force)`.execute(admin.patientDb);
    });
    const address = new URL(url);
    address.pathname = `/${name}`;
    return address.href;
  };
  return { createDatabase, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/**
 * Opens an empty database on the engine, with every table; PGlite in memory. What it needs goes when it is disposed of.
 *
 * @remarks 1.6 s on PGlite, 1 s on PostgreSQL: once a file, with {@link emptyTables} between tests.
 */
export async function openTestDatabase(
  engine: (typeof ENGINES)[number],
  options: DatabaseOptions = {},
): Promise<Database> {
  await using cleanup = new AsyncDisposableStack();
  const place =
    engine === 'pglite'
      ? ({ kind: 'memory' } as const)
      : ({ kind: 'server', url: await cleanup.use(await openTestServer()).createDatabase() } as const);
  const database = cleanup.use(await openDatabase(place, options));
  await migrateUp(database);
  const kept = cleanup.move();
  const close = (): Promise<void> => kept.disposeAsync();
  return { ...database, close, [Symbol.asyncDispose]: close };
}

/** Opens the storage of a database of its own, with every table; what it needs goes when it is closed. */
export async function openTestStorage(engine: (typeof ENGINES)[number]): Promise<Storage> {
  return openStorage(await openTestDatabase(engine));
}

/** Empties every table of ours and starts their counters again. */
export async function emptyTables({ db }: Database): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select quote_ident(tablename) as name from pg_tables
    where schemaname = current_schema() and tablename not like 'schema_migrations%'`.execute(db);
  if (rows.length === 0) return;
  const names = sql.raw(rows.map(({ name }) => name).join(', '));
  await sql`truncate ${names} restart identity cascade`.execute(db);
}
