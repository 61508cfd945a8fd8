import { sql, type Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ENGINES, emptyTables, openTestDatabase } from '../testing/index.ts';
import type { Tables } from '../schema.ts';
import { openDatabase, type Database } from './database.ts';
import type { Heard } from './listeners.ts';

// A first start takes two seconds on an idle machine, and many more on a busy one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe.each(ENGINES)('on %s', (engine) => {
  let database: Database;
  let db: Kysely<Tables>;
  beforeAll(async () => {
    database = await openTestDatabase(engine);
    ({ db } = database);
  });
  afterAll(() => database.close());
  beforeEach(() => emptyTables(database));

  const names = async (): Promise<readonly string[]> =>
    (await db.selectFrom('tenants').select('name').orderBy('name').execute()).map(({ name }) => name);
  const add = (name: string, on = db): Promise<unknown> => on.insertInto('tenants').values({ name }).execute();

  test('values come out as the same JavaScript', async () => {
    const { rows } =
      await sql`select 9007199254740991::bigint as big, 12 as small, 0.5::float8 as half, 1.10::numeric as exact,
      '2026-01-31T12:00:00.123456+05:30'::timestamptz as moment, '2026-01-31'::date as day, '2026-01-31 12:00'::timestamp as local,
      '{"a": [1, null]}'::jsonb as document, '{"b":1, "a":2}'::json as text_document, '\\x00ff'::bytea as bytes,
      array['a', null, 'c,d']::text[] as list, true as claim, null as nothing, '123e4567-e89b-12d3-a456-426614174000'::uuid as id`.execute(
        db,
      );
    expect(rows).toEqual([
      {
        ...{ big: Number.MAX_SAFE_INTEGER, small: 12, half: 0.5, exact: '1.10' },
        ...{ moment: '2026-01-31T06:30:00.123Z', day: '2026-01-31', local: '2026-01-31 12:00:00' },
        ...{ document: { a: [1, null] }, text_document: { b: 1, a: 2 }, bytes: Buffer.from([0, 255]) },
        ...{ list: ['a', null, 'c,d'], claim: true, nothing: null, id: '123e4567-e89b-12d3-a456-426614174000' },
      },
    ]);
  });

  test('values go in as they come out', async () => {
    const given = [
      '2026-01-31T06:30:00.123Z',
      Buffer.from([0, 255]),
      ['a', 'b'],
      42,
      "text with \\ and '",
      null,
      '{"a":1}',
    ];
    const [moment, bytes, list, count, text, nothing, document] = given;
    const { rows } =
      await sql`select ${moment}::timestamptz as moment, ${bytes}::bytea as bytes, ${list}::text[] as list,
      ${count}::bigint as count, ${text}::text as text, ${nothing}::text as nothing, ${document}::json as document`.execute(
        db,
      );
    expect(rows).toEqual([{ moment, bytes, list, count, text, nothing, document: { a: 1 } }]);
  });

  test('rows written and read back are the same', async () => {
    const tenant = await db.insertInto('tenants').values({ name: 'acme' }).returningAll().executeTakeFirstOrThrow();
    const config = JSON.stringify({ deep: { list: [1, 'two'] } });
    const row = { tenant_id: tenant.id, plugin_name: 'calc', plugin_version: '1.0.0', config };
    await db
      .insertInto('plugin_registrations')
      .values({ ...row, granted_permissions: '["net:x"]' })
      .execute();
    expect(await db.selectFrom('plugin_registrations').selectAll().execute()).toEqual([
      {
        ...row,
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        ...{ config: { deep: { list: [1, 'two'] } }, granted_permissions: ['net:x'], enabled: true },
        installed_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/) as string,
        updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/) as string,
      },
    ]);
  });

  test.each([
    ['a name that is taken', sql`insert into tenants (name) values ('a'), ('a')`, '23505', 'uq_tenant_name'],
    [
      'a tenant that is not there',
      sql`insert into plugin_registrations (tenant_id, plugin_name, plugin_version)
      values (gen_random_uuid(), 'calc', '1')`,
      '23503',
      'plugin_registrations_tenant_id_fkey',
    ],
    ['nothing where something must be', sql`insert into tenants (name) values (null)`, '23502', undefined],
    ['a text that is too long', sql`insert into tenants (name) values (repeat('x', 256))`, '22001', undefined],
    ['no syntax', sql`selec`, '42601', undefined],
    ['no such table', sql`select * from nowhere`, '42P01', undefined],
  ])('%s is refused with the code of PostgreSQL', async (_, statement, code, constraint) => {
    await expect(statement.execute(db)).rejects.toMatchObject({ code, constraint, name: 'error' });
    await expect(names()).resolves.toEqual([]);
  });

  test('a transaction is all or nothing', async () => {
    const failing = db.transaction().execute(async (tx) => {
      await add('acme', tx);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await db.transaction().execute((tx) => add('other', tx));
    expect(await names()).toEqual(['other']);
  });

  test('a commit of a transaction that had been aborted rejects', async () => {
    const aborted = db.transaction().execute(async (tx) => {
      await add('acme', tx);
      await add('acme', tx).catch(() => undefined);
    });
    await expect(aborted).rejects.toMatchObject({ name: 'AbortedTransactionError' });
    expect(await names()).toEqual([]);
  });

  test('a query beside a transaction does not see into it', async () => {
    const inside = Promise.withResolvers<void>();
    const beside = inside.promise.then(() => (engine === 'postgres' ? names() : Promise.resolve([])));
    await db.transaction().execute(async (tx) => {
      await add('acme', tx);
      inside.resolve();
      expect(await beside).toEqual([]);
    });
    expect(await names()).toEqual(['acme']);
  });

  test('of transactions at once none mixes with another', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        db.transaction().execute(async (tx) => {
          await add(`tenant-${String(index).padStart(2, '0')}`, tx);
          if (index % 2 === 1) throw new Error('odd');
        }),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(await names()).toHaveLength(10);
  });

  test('the isolation that a transaction asks for is what it has', async () => {
    const shown = await db
      .transaction()
      .setIsolationLevel('serializable')
      .execute((tx) => sql<{ level: string }>`select current_setting('transaction_isolation') as level`.execute(tx));
    expect(shown.rows).toEqual([{ level: 'serializable' }]);
  });

  test('a result of many megabytes arrives whole', async () => {
    const { rows } = await sql<{ text: string; n: number }>`
      select repeat('x', 200) as text, n from generate_series(1, 50000) n`.execute(db);
    expect([rows.length, rows.at(-1)]).toEqual([50_000, { text: 'x'.repeat(200), n: 50_000 }]);
  });

  test('a notice is heard after the commit, and one that was rolled back is not', async () => {
    const heard: Heard[] = [];
    const stop = database.listen('changes', (each) => heard.push(each));
    await expect.poll(() => heard).toEqual([{ kind: 'gap' }]);
    const notify = (payload: string, on = db): Promise<unknown> =>
      sql`select pg_notify('changes', ${payload})`.execute(on);
    await expect(
      db.transaction().execute(async (tx) => {
        await notify('rolled back', tx);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await db.transaction().execute(async (tx) => {
      await notify('first', tx);
      await add('acme', tx);
      expect(heard).toHaveLength(1);
    });
    await notify('second');
    const notice = (payload: string): Heard => ({ kind: 'notice', payload });
    await expect.poll(() => heard).toEqual([{ kind: 'gap' }, notice('first'), notice('second')]);
    stop();
    await notify('third');
    const again: Heard[] = [];
    const stopAgain = database.listen('changes', (each) => again.push(each));
    await expect.poll(() => again).toContainEqual({ kind: 'gap' }); // The third may be on its way still.
    await notify('fourth');
    await expect.poll(() => again.at(-1)).toEqual(notice('fourth'));
    expect(heard).toHaveLength(3);
    stopAgain();
  });

  test('a channel that is no plain name is refused', () => {
    expect(() => database.listen('two words', () => undefined)).toThrow(TypeError);
  });
});

test.each(['5432', 'http://localhost/db', 'postgres://user:hunter2@:port/db'])('"%s" is no address', async (url) => {
  const opening = openDatabase({ kind: 'server', url });
  await expect(opening).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await expect(opening).rejects.not.toThrow('hunter2');
});
