/**
 * For pglite.test.ts: a process that opens the embedded database of a folder, says what it finds there, and then writes one
 * transaction after another until it is killed. Each is acknowledged when its commit has answered.
 */
import { sql } from 'kysely';
import { openDatabase } from './database.ts';

/** What the process sends: first what it found, then the number of each transaction that was committed. */
export type WriterMessage =
  | { readonly kind: 'found'; readonly last: number; readonly missing: number; readonly halves: number }
  | { readonly kind: 'committed'; readonly id: number };

const [dir = '', isSynced = ''] = process.argv.slice(2);
const say = (message: WriterMessage): void => void process.send?.(message);

const { db } = await openDatabase({ kind: 'directory', dir, isSynced: isSynced === 'synced' });
await sql`create table if not exists whole (id bigint primary key, text text)`.execute(db);
await sql`create table if not exists half (id bigint primary key)`.execute(db);
const found = await sql<{ last: number; missing: number; halves: number }>`
  select coalesce(max(id), 0) as last, coalesce(max(id), 0) - count(*) as missing,
    (select count(*) from half) - 2 * count(*) as halves from whole`.execute(db);
const state = found.rows[0] ?? { last: 0, missing: 0, halves: 0 };
say({ kind: 'found', ...state });
for (let id = state.last + 1; ; id += 1) {
  await db.transaction().execute(async (tx) => {
    // Now and then a row of many pages, and changes of old rows.
    await sql`insert into whole values (${id}, ${'x'.repeat(id % 7 === 0 ? 20_000 : 200)})`.execute(tx);
    await sql`insert into half values (${2 * id}), (${2 * id + 1})`.execute(tx);
    if (id % 20 === 0) await sql`update whole set text = 'y' where id > ${id - 15}`.execute(tx);
  });
  say({ kind: 'committed', id });
  if (id % 50 === 0) await sql`checkpoint`.execute(db);
}
