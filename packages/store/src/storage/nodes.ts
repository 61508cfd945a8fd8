/**
 * Signs of life of the nodes on this database (NodeStorage).
 */
import type { NodeReport, NodeRow } from '@bulkhead/host';
import { sql } from 'kysely';
import type { Database } from '../engine/database.ts';
import { storableName } from './text.ts';

/** Keeps what a node says, then lists what each said last. */
export async function beat({ db }: Database, report: NodeReport): Promise<readonly NodeRow[]> {
  const { id, host_name, version, tier, state, started_at, plugins } = report;
  const fields = {
    ...{ host_name: storableName(host_name), version, tier, state, started_at },
    plugins: JSON.stringify(plugins),
    heartbeat_at: sql<string>`clock_timestamp()`,
  };
  await db
    .insertInto('nodes')
    .values({ id, ...fields })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
    .execute();
  return db
    .selectFrom('nodes')
    .selectAll()
    .select(sql<number>`(extract(epoch from clock_timestamp() - heartbeat_at) * 1000)::float8`.as('silent_ms'))
    .orderBy('started_at')
    .orderBy('id')
    .execute();
}

/** Removes a node. */
export async function removeNode({ db }: Database, id: string): Promise<void> {
  await db.deleteFrom('nodes').where('id', '=', id).execute();
}

/** Removes nodes that have been silent for longer. */
export async function forgetNodes({ db }: Database, silentMs: number): Promise<void> {
  await sql`delete from nodes where heartbeat_at < clock_timestamp() - ${silentMs}::float8 * interval '1 ms'`.execute(
    db,
  );
}
