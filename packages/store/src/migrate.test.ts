import { sql, type Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDatabase, type Database } from './engine/database.ts';
import { migrateDown, migrateUp, migrationStatus, type Migrations } from './migrate.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { ENGINES, openTestServer } from './testing/index.ts';

// A first start takes two seconds on an idle machine, and many more on a busy one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const NAMES = Object.keys(MIGRATIONS);

describe.each(ENGINES)('[F003-43] on %s', (engine) => {
  let database: Database;
  const cleanup = new AsyncDisposableStack();
  beforeAll(async () => {
    database = cleanup.use(await openEmpty(engine, cleanup));
  });
  afterAll(() => cleanup.disposeAsync());
  beforeEach(async () => {
    await sql`drop schema public cascade`.execute(database.db);
    await sql`create schema public`.execute(database.db);
  });

  test('[X003-7] up makes the tables, down takes them away, and up makes the same again', async () => {
    expect(await migrateUp(database)).toEqual(NAMES);
    const made = await describeTables(database);
    expect(await migrateUp(database)).toEqual([]);
    expect(await migrateDown(database, { steps: 'one' })).toEqual(NAMES.slice(-1));
    expect(await migrateDown(database, { steps: 'all' })).toEqual(NAMES.slice(0, -1).toReversed());
    expect(await describeTables(database)).toEqual([]);
    expect(await migrateUp(database)).toEqual(NAMES);
    expect(await describeTables(database)).toEqual(made);
  });

  test('down goes to a migration that is named and applied, and to no other', async () => {
    await migrateUp(database);
    const [first = '', ...later] = NAMES;
    expect(await migrateDown(database, { steps: { to: first } })).toEqual(later.toReversed());
    for (const to of [...later, '9999_future'])
      await expect(migrateDown(database, { steps: { to } })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    expect(await migrateDown(database, { steps: { to: first } })).toEqual([]);
    expect(await migrateUp(database)).toEqual(later);
  });

  test('the status tells what is to come, and changes nothing', async () => {
    const pending = { known: NAMES.map((name) => ({ name, appliedAt: undefined })), unknown: [] };
    expect(await migrationStatus(database)).toEqual(pending);
    expect(await listTables(database)).toEqual([]);
    await migrateUp(database);
    const appliedAt = expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string;
    expect(await migrationStatus(database)).toEqual({ known: NAMES.map((name) => ({ name, appliedAt })), unknown: [] });
  });

  test('of several nodes that start at once one migrates, and the others find it done', async () => {
    const runs = await Promise.all(Array.from({ length: 4 }, () => migrateUp(database)));
    expect(runs.filter((names) => names.length > 0)).toEqual([NAMES]);
  });

  test('a migration that the database refuses is named, and nothing of its run stays', async () => {
    const half: Migrations = {
      ...MIGRATIONS,
      '9999_half': {
        up: async (db: Kysely<unknown>) => {
          await sql`create table half (id integer)`.execute(db);
          await sql`create table tenants (id integer)`.execute(db);
        },
      },
    };
    await expect(migrateUp(database, half)).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('"9999_half"') as string,
      cause: { code: '42P07' },
    });
    expect(await describeTables(database)).toEqual([]);
    expect(await migrateUp(database)).toEqual(NAMES);
  });

  test('the calls of an earlier ledger are there after its migration, up and down', async () => {
    await migrateUp(database);
    await migrateDown(database, { steps: { to: '0005_releases' } });
    await sql`insert into call_ledger (call_id, node, tenant_id, plugin_name, target, started_at)
      select 'call-' || n, 'node', 'acme', 'calc', 'add', now() from generate_series(1, 3) as n`.execute(database.db);
    const calls = async (): Promise<readonly unknown[]> =>
      (await sql`select plugin_name, call_id from call_ledger order by call_id`.execute(database.db)).rows;
    const before = await calls();
    expect(before).toHaveLength(3);
    expect(await migrateUp(database)).toContain('0006_ledger');
    expect(await calls()).toEqual(before);
    await migrateDown(database, { steps: { to: '0005_releases' } });
    expect(await calls()).toEqual(before);
  });

  test('what was used of language models is there after the migration to meters, up and down', async () => {
    await migrateUp(database);
    await migrateDown(database, { steps: { to: '0012_llm_usage' } });
    await sql`insert into llm_usage values (gen_random_uuid(), '2026-03-01', 'fast', 2, 6000000000, 7, 0.25),
      (gen_random_uuid(), '2026-03-01', 'big', 1, 10, 0, 0)`.execute(database.db);
    const sums = async (): Promise<readonly unknown[]> =>
      (await sql`select * from llm_usage order by backend`.execute(database.db)).rows;
    const before = await sums();
    expect(await migrateUp(database)).toContain('0014_usage');
    const read = sql`select meter, amount from tenant_usage where subject = 'fast' order by meter collate "C"`;
    expect((await read.execute(database.db)).rows).toEqual([
      { meter: 'llm_input_tokens', amount: 6e9 },
      { meter: 'llm_output_tokens', amount: 7 },
      { meter: 'llm_requests', amount: 2 },
      { meter: 'llm_usd', amount: 0.25 },
    ]);
    await migrateDown(database, { steps: { to: '0012_llm_usage' } });
    expect(await sums()).toEqual(before);
  });

  test('a database of a newer Bulkhead is left alone, up and down', async () => {
    await migrateUp(database);
    await sql`insert into schema_migrations values ('9999_future', '2030-01-01T00:00:00.000Z')`.execute(database.db);
    const newer = { code: 'DATABASE_NEWER', message: expect.stringContaining('"9999_future"') as string };
    await expect(migrateUp(database)).rejects.toMatchObject(newer);
    await expect(migrateDown(database, { steps: 'all' })).rejects.toMatchObject(newer);
    expect((await migrationStatus(database)).unknown).toEqual(['9999_future']);
    expect(await listTables(database)).toContain('plugin_registrations');
  });

  test('[F003-37, F003-38, X003-7] plugin_registrations is as the contract has it', async () => {
    await migrateUp(database);
    expect(await describeTables(database)).toEqual(expect.arrayContaining(REGISTRATIONS));
  });
});

test('the tables are the same on both engines', async () => {
  await using cleanup = new AsyncDisposableStack();
  const described = await Promise.all(
    ENGINES.map(async (engine) => {
      const database = cleanup.use(await openEmpty(engine, cleanup));
      await migrateUp(database);
      return describeTables(database);
    }),
  );
  expect(described[0]).toEqual(described[1]);
});

const REGISTRATIONS = [
  'plugin_registrations.id uuid not null default gen_random_uuid()',
  'plugin_registrations.tenant_id uuid not null',
  'plugin_registrations.plugin_name character varying(255) not null',
  'plugin_registrations.plugin_version character varying(64) not null',
  'plugin_registrations.enabled boolean not null default true',
  `plugin_registrations.config jsonb not null default '{}'::jsonb`,
  'plugin_registrations.installed_at timestamp with time zone not null default now()',
  'plugin_registrations.updated_at timestamp with time zone not null default now()',
  `plugin_registrations.granted_permissions jsonb not null default '[]'::jsonb`,
  'plugin_registrations_pkey PRIMARY KEY (id)',
  'plugin_registrations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE',
  'uq_plugin_tenant UNIQUE (tenant_id, plugin_name)',
  'CREATE INDEX ix_plugin_registrations_tenant_id ON public.plugin_registrations USING btree (tenant_id)',
  'CREATE INDEX ix_plugin_enabled ON public.plugin_registrations USING btree (tenant_id, enabled)',
];

async function openEmpty(engine: (typeof ENGINES)[number], cleanup: AsyncDisposableStack): Promise<Database> {
  if (engine === 'pglite') return openDatabase({ kind: 'memory' });
  const server = cleanup.use(await openTestServer());
  return openDatabase({ kind: 'server', url: await server.createDatabase() });
}

async function listTables({ db }: Database): Promise<readonly string[]> {
  const { rows } = await sql<{
    name: string;
  }>`select tablename as name from pg_tables where schemaname = 'public'`.execute(db);
  return rows.map(({ name }) => name);
}

/** Columns, constraints and indexes, one line each, but for the bookkeeping of the migrations. */
async function describeTables({ db }: Database): Promise<readonly string[]> {
  const { rows } = await sql<{ line: string }>`
    select relname || '.' || attname || ' ' || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end
      || coalesce(' default ' || pg_get_expr(adbin, adrelid), '') as line
    from pg_attribute join pg_class on pg_class.oid = attrelid left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and relname not like 'schema_migrations%'
    union all select conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace and contype <> 'n' and conrelid::regclass::text not like 'schema_migrations%'
    union all select indexdef from pg_indexes where schemaname = 'public' and tablename not like 'schema_migrations%'
    order by line`.execute(db);
  return rows.map(({ line }) => line);
}
