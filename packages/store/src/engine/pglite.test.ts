import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { emptyTables, openTestDatabase } from '../testing/index.ts';
import { PGLITE_MAJOR } from './cluster.ts';
import type { WriterMessage } from './crash-writer.fixture.ts';
import { openDatabase, type Database, type DatabaseOptions } from './database.ts';
import type { Heard } from './listeners.ts';

// A first start takes two seconds on an idle machine, and many more on a busy one.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const AWAY = { name: 'HostError', code: 'STORAGE_UNAVAILABLE' };

/** How often to kill; `BULKHEAD_TEST_KILLS=200 npx vitest run packages/store` for a long run. */
const KILLS = Number(process.env['BULKHEAD_TEST_KILLS'] ?? 3);

/** Years on this machine, and PGlite cannot be told to end it. */
const endless = sql`select count(*) from generate_series(1, 10000000000000)`;

/** Making a database takes seconds, copying one does not. */
let template = '';
beforeAll(async () => {
  template = join(await mkdtemp(join(tmpdir(), 'bulkhead-pglite-test-')), 'database');
  await (await openDatabase({ kind: 'directory', dir: template })).close();
}, 60_000);
afterAll(() => rm(dirname(template), { recursive: true }));

let dir = '';
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'bulkhead-pglite-test-')), 'database');
  await cp(template, dir, { recursive: true });
});
afterEach(() => rm(dirname(dir), { recursive: true }));

const open = (options: DatabaseOptions & { readonly isSynced?: boolean } = {}): Promise<Database> =>
  openDatabase({ kind: 'directory', dir, isSynced: options.isSynced ?? false }, options);
const write = (text: string, { db }: Pick<Database, 'db'>): Promise<unknown> =>
  sql`insert into notes values (${text})`.execute(db);
const read = async ({ db }: Database): Promise<readonly string[]> =>
  (await sql<{ text: string }>`select text from notes`.execute(db)).rows.map(({ text }) => text);
const makeNotes = ({ db }: Database): Promise<unknown> => sql`create table notes (text text)`.execute(db);

test('what was written is there when the folder is opened again, and no other user can read it', async () => {
  {
    await using database = await open();
    await makeNotes(database);
    await write('kept', database);
  }
  expect(await readdir(dir)).toEqual(['cluster']);
  expect((await stat(dir)).mode & 0o777).toBe(0o700);
  await using again = await open();
  expect(await read(again)).toEqual(['kept']);
  const { rows } = await sql`select split_part(current_setting('server_version'), '.', 1) as major`.execute(again.db);
  expect(rows).toEqual([{ major: PGLITE_MAJOR }]);
});

test('each commit waits for the disk, once, where it is to', async () => {
  await using database = await open({ isSynced: true });
  await makeNotes(database);
  const before = database.fsyncCount();
  for (let count = 0; count < 20; count += 1) await write('synced', database);
  expect(database.fsyncCount() - before).toBe(20);
});

test('a query without end is given up, its transaction undone, and the next query served', async () => {
  await using database = await open({ queryTimeoutMs: 300 });
  await makeNotes(database);
  await write('before', database);
  const transaction = database.db.transaction().execute(async (tx) => {
    await write('undone', { db: tx });
    await endless.execute(tx);
  });
  await expect(transaction).rejects.toMatchObject(AWAY);
  expect(await read(database)).toEqual(['before']);
});

test('a disk that fails is unavailable, and one that is mended is used again', async () => {
  await using database = await open({ queryTimeoutMs: 1_000 });
  await makeNotes(database);
  await write('before', database);
  const [log, away] = [join(dir, 'cluster/pg_wal'), join(dir, 'away')];
  await rename(log, away);
  const much = sql`insert into notes select repeat('x', 100) from generate_series(1, 20000)`;
  await expect(much.execute(database.db)).rejects.toMatchObject(AWAY);
  await expect(much.execute(database.db)).rejects.toMatchObject(AWAY);
  await rename(away, log);
  expect(await read(database)).toEqual(['before']);
  await write('after', database);
  expect(await read(database)).toEqual(['before', 'after']);
});

test('a listener outlives the thread', async () => {
  await using database = await open({ queryTimeoutMs: 300 });
  const heard: Heard[] = [];
  database.listen('changes', (each) => heard.push(each));
  await expect.poll(() => heard).toEqual([{ kind: 'gap' }]);
  await expect(endless.execute(database.db)).rejects.toMatchObject(AWAY);
  await sql`select pg_notify('changes', 'again')`.execute(database.db);
  await expect.poll(() => heard).toEqual([{ kind: 'gap' }, { kind: 'gap' }, { kind: 'notice', payload: 'again' }]);
});

test('memory that was lost with its thread is not taken for an empty database', async () => {
  await using database = await openTestDatabase('pglite', { queryTimeoutMs: 300 });
  await emptyTables(database);
  await expect(endless.execute(database.db)).rejects.toMatchObject(AWAY);
  await expect(database.db.selectFrom('tenants').selectAll().execute()).rejects.toMatchObject(AWAY);
});

test('close ends a query without end and those that wait, and leaves no thread', async () => {
  const database = await open({ queryTimeoutMs: 60_000 });
  const begun = Promise.withResolvers<void>();
  const held = database.db.transaction().execute(async (tx) => {
    await sql`select 1`.execute(tx);
    begun.resolve();
    await endless.execute(tx);
  });
  await begun.promise;
  const settled = Promise.allSettled([held, endless.execute(database.db)]);
  await Promise.all([database.close(), database.close()]);
  const away = { status: 'rejected', reason: expect.objectContaining(AWAY) as Error };
  expect(await settled).toEqual([away, away]);
  await expect(sql`select 1`.execute(database.db)).rejects.toMatchObject(AWAY);
});

test('a first start that was cut off is begun again', async () => {
  await expect.poll(cutOffStart).toEqual(['cluster.new']); // One may be done before it is cut off.
  await using database = await open();
  await makeNotes(database);
  expect(await readdir(dir)).toEqual(['cluster']);
});

/** Starts a writer on no files, kills it when there are some, and tells what it left. */
async function cutOffStart(): Promise<readonly string[]> {
  await rm(dir, { recursive: true });
  const child = fork(new URL('crash-writer.fixture.ts', import.meta.url), [dir], { execArgv: ['--conditions=source'] });
  onTestFinished(() => killed(child));
  const made = join(dir, 'cluster.new');
  while (!existsSync(made) && !existsSync(join(dir, 'cluster'))) await setImmediate();
  while ((await readdir(made).catch(() => ['it is done'])).length === 0) await setImmediate();
  await killed(child);
  return readdir(dir);
}

test('files that cannot be opened are unavailable, and it is said at once', async () => {
  await rm(join(dir, 'cluster/global'), { recursive: true });
  await expect(open()).rejects.toMatchObject(AWAY);
});

test('the files of another PostgreSQL are refused with both versions, and left alone', async () => {
  await writeFile(join(dir, 'cluster/PG_VERSION'), '17\n');
  await expect(open()).rejects.toMatchObject({
    ...AWAY,
    message: `the embedded database was made by PostgreSQL 17; expected ${PGLITE_MAJOR}`,
  });
});

test('maintenance vacuums what was deleted and checkpoints what was logged', async () => {
  await using database = await open({ queryTimeoutMs: 20_000 });
  await makeNotes(database);
  await sql`insert into notes select repeat('x', 1000) from generate_series(1, 20000)`.execute(database.db);
  await sql`delete from notes`.execute(database.db);
  expect(await database.maintain()).toEqual({ vacuumed: ['public.notes'], isCheckpointed: true });
  expect(await database.maintain()).toEqual({ vacuumed: [], isCheckpointed: false });
});

describe.each(['synced', 'unsynced'])('%s', (mode) => {
  test(
    `killed amid its writes, ${KILLS} times: nothing acknowledged is missing, and nothing is half`,
    async () => {
      let acknowledged = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const child = fork(new URL('crash-writer.fixture.ts', import.meta.url), [dir, mode], {
          execArgv: ['--conditions=source'],
        });
        onTestFinished(() => killed(child));
        const before = acknowledged;
        const enough = Promise.withResolvers<WriterMessage>();
        const wanted = 1 + Math.floor(Math.random() * 60);
        let found: WriterMessage | undefined;
        let count = 0;
        child.on('message', (message: WriterMessage) => {
          if (message.kind === 'found') found = message;
          else acknowledged = message.id;
          if (message.kind === 'committed' && ++count === wanted) enough.resolve(message);
        });
        child.once('exit', (code) => enough.reject(new Error(`the writer ended with ${code}`)));
        await enough.promise;
        await killed(child);
        expect(found).toMatchObject({ missing: 0, halves: 0 });
        expect(found?.kind === 'found' ? found.last : 0).toBeGreaterThanOrEqual(before);
      }
    },
    60_000 + KILLS * 15_000,
  );
});

async function killed(child: ReturnType<typeof fork>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
