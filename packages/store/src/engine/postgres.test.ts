import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startPostgres, type PostgresServer } from '../testing/index.ts';
import { openDatabase, type Database, type DatabaseOptions } from './database.ts';
import type { Heard } from './listeners.ts';

// A first start takes two seconds on an idle machine, and many more on a busy one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const AWAY = { name: 'HostError', code: 'STORAGE_UNAVAILABLE' };

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

const open = (url = server.url, options: DatabaseOptions = {}): Promise<Database> =>
  openDatabase({ kind: 'server', url, connectionsMax: 3 }, options);
const one = ({ db }: Pick<Database, 'db'>): Promise<unknown> =>
  sql`select 1 as one`.execute(db).then(({ rows }) => rows);

test('a server that is stopped is unavailable, whatever was asked, and one that is back is used again', async () => {
  await using database = await open();
  const { db } = database;
  const asked = [one(database), one(database), db.transaction().execute((tx) => one({ db: tx }))];
  await Promise.all(asked);
  const inTransaction = db.transaction().execute(async (tx) => {
    await one({ db: tx });
    await server.stop();
    await one({ db: tx });
  });
  await expect(inTransaction).rejects.toMatchObject(AWAY);
  await expect(one(database)).rejects.toMatchObject(AWAY);
  await expect(db.transaction().execute((tx) => one({ db: tx }))).rejects.toMatchObject(AWAY);
  await expect(sql`select 1`.execute(database.patientDb)).rejects.toMatchObject(AWAY);
  await server.start();
  expect(await one(database)).toEqual([{ one: 1 }]);
});

test('a database is opened while its server is away', async () => {
  await server.stop();
  await using database = await open();
  await expect(one(database)).rejects.toMatchObject(AWAY);
  await server.start();
  expect(await one(database)).toEqual([{ one: 1 }]);
});

test('a server that takes connections and never answers is unavailable in time', async () => {
  await using wall = await openWall();
  await using database = await open(wall.url, { queryTimeoutMs: 100, patientTimeoutMs: 100 });
  expect(await one(database)).toEqual([{ one: 1 }]);
  wall.freeze();
  await expect(one(database)).rejects.toMatchObject(AWAY);
  await expect(one(database)).rejects.toMatchObject(AWAY);
  wall.thaw();
  expect(await one(database)).toEqual([{ one: 1 }]);
});

test('a query that takes too long is ended on the server, and its connection is as good as before', async () => {
  await using database = await open(server.url, { queryTimeoutMs: 100 });
  await expect(sql`select pg_sleep(60)`.execute(database.db)).rejects.toMatchObject({
    ...AWAY,
    details: { code: '57014' },
  });
  const sleeping = sql`select from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid() and state = 'active'`;
  expect((await sleeping.execute(database.db)).rows).toEqual([]);
  const { rows } = await sql<{ slept: boolean }>`select pg_sleep(0.2) is not null as slept`.execute(database.patientDb);
  expect(rows).toEqual([{ slept: true }]);
});

test('a listener whose connection is killed listens again and hears that it may have missed something', async () => {
  await using database = await open();
  const heard: Heard[] = [];
  database.listen('killed', (each) => heard.push(each));
  await expect.poll(() => heard).toEqual([{ kind: 'gap' }]);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen killed%'`.execute(
    database.db,
  );
  await expect.poll(() => heard).toEqual([{ kind: 'gap' }, { kind: 'gap' }]);
  await sql`select pg_notify('killed', 'again')`.execute(database.db);
  await expect.poll(() => heard.at(-1)).toEqual({ kind: 'notice', payload: 'again' });
});

test('a listener waits for a server that is away', async () => {
  await server.stop();
  await using database = await open();
  const heard: Heard[] = [];
  database.listen('late', (each) => heard.push(each));
  await server.start();
  await expect.poll(() => heard).toEqual([{ kind: 'gap' }]);
});

test('close ends what is under way and what waits, and a closed database answers that it is', async () => {
  const database = await openDatabase(
    { kind: 'server', url: server.url, connectionsMax: 1 },
    { queryTimeoutMs: 60_000 },
  );
  database.listen('closing', () => undefined);
  const begun = Promise.withResolvers<void>();
  const held = database.db.transaction().execute(async (tx) => {
    begun.resolve();
    await sql`select pg_sleep(60)`.execute(tx);
  });
  await begun.promise;
  const waiting = one(database);
  const settled = Promise.allSettled([held, waiting]);
  await Promise.all([database.close(), database.close()]);
  expect(await settled).toEqual([
    { status: 'rejected', reason: expect.objectContaining(AWAY) as Error },
    { status: 'rejected', reason: expect.objectContaining(AWAY) as Error },
  ]);
  await expect(one(database)).rejects.toMatchObject(AWAY);
});

type Wall = AsyncDisposable & { readonly url: string; readonly freeze: () => void; readonly thaw: () => void };

/** Stands before the server. Frozen, it takes connections and bytes and lets nothing through; thawed, it ends those. */
async function openWall(): Promise<Wall> {
  const target = new URL(server.url);
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const wall = createServer((inner) => {
    keep(inner);
    if (isFrozen) return;
    const outer = keep(connect(Number(target.port), '127.0.0.1'));
    inner.pipe(outer).pipe(inner);
    inner.on('close', () => outer.destroy());
  }).listen(0, '127.0.0.1');
  await once(wall, 'listening');
  const url = new URL(server.url);
  url.port = String((wall.address() as AddressInfo).port);
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: url.href,
    freeze: () => {
      isFrozen = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    thaw: () => {
      isFrozen = false;
      cut();
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => wall.close(resolve));
    },
  };
}
