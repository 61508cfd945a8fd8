/**
 * Transitions of plugins (RecordStorage).
 */
import type { Retention, RowQuery, Transition } from '@bulkhead/host';
import { sql } from 'kysely';
import type { Database } from '../engine/database.ts';
import { storableName, storableText } from './text.ts';

/** Appends rows, all or none. */
export async function appendTransitions({ db }: Database, rows: readonly Transition[]): Promise<void> {
  if (rows.length === 0) return;
  const column = (of: (row: Transition) => string | number | null, type: string) =>
    sql`${rows.map(of)}::${sql.raw(type)}[]`;
  await sql`
    insert into plugin_transitions
      (plugin_name, scope, digest, from_state, to_state, cause, reason, at, last_at, times)
    select * from unnest(${sql.join([
      column(({ plugin }) => storableName(plugin), 'text'),
      column(({ scope }) => storableName(scope), 'text'),
      column(({ digest }) => digest, 'text'),
      column(({ from }) => from, 'text'),
      column(({ to }) => to, 'text'),
      column(({ cause }) => cause, 'text'),
      column(({ reason }) => (reason === null ? null : storableText(reason)), 'text'),
      column(({ at }) => at, 'timestamptz'),
      column(({ last_at }) => last_at, 'timestamptz'),
      column(({ times }) => times, 'bigint'),
    ])})`.execute(db);
}

/** Lists rows, newest first. */
export async function listTransitions({ db }: Database, query: RowQuery): Promise<readonly Transition[]> {
  const rows = await db
    .selectFrom('plugin_transitions')
    .selectAll()
    .where('plugin_name', '=', storableName(query.plugin))
    .$if(query.tenant !== undefined, (select) => select.where('scope', '=', storableName(query.tenant ?? '')))
    .orderBy('seq', 'desc')
    .limit(query.rowsMax)
    .execute();
  return rows.map(({ plugin_name: plugin, scope, digest, from_state: from, to_state: to, ...row }) => ({
    ...{ plugin, scope, digest, from, to, cause: row.cause as Transition['cause'], reason: row.reason }, // We wrote it.
    ...{ at: row.at, last_at: row.last_at, times: row.times },
  }));
}

/** Removes what is too old, and of each plugin and scope what its newest rows leave out. */
export async function pruneTransitions({ db }: Database, retention: Retention): Promise<void> {
  await sql`
    delete from plugin_transitions where at < ${retention.transitionsSince}::timestamptz or seq in (
      select seq from (
        select seq, row_number() over (partition by plugin_name, scope order by seq desc) as place
        from plugin_transitions
      ) as placed where place > ${retention.transitionsMax}
    )`.execute(db);
}
