/**
 * What was seen of plugin indexes (IndexStorage).
 */
import type { SeenIndex } from '@bulkhead/host';
import { sql } from 'kysely';
import type { Database } from '../engine/database.ts';

/** Raises the serial of an index in one statement, so that nodes which see several at once keep the highest. */
export async function seeIndex({ db }: Database, seen: SeenIndex): Promise<number> {
  const serial = sql<number>`greatest(seen_indexes.serial, excluded.serial)`;
  const kept = await db
    .insertInto('seen_indexes')
    .values({ ...seen })
    .onConflict((conflict) => conflict.columns(['name', 'key']).doUpdateSet({ serial }))
    .returning('serial')
    .executeTakeFirstOrThrow();
  return kept.serial;
}
