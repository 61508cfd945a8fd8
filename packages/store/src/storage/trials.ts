/**
 * How trial loads ended (RecordStorage).
 */
import type { TrialKey, TrialRow } from '@bulkhead/host';
import type { Database } from '../engine/database.ts';
import { storableText } from './text.ts';

/** Stores a trial in place of an earlier one. */
export async function putTrial({ db }: Database, row: TrialRow): Promise<void> {
  const { digest, tier, node_version, state, code, health, tried_at } = row;
  const fields = {
    ...{ state, code, health, tried_at },
    reason: row.reason === null ? null : storableText(row.reason),
    ready: row.ready === null ? null : JSON.stringify(row.ready),
  };
  await db
    .insertInto('plugin_trials')
    .values({ digest, tier, node_version, ...fields })
    .onConflict((conflict) => conflict.columns(['digest', 'tier', 'node_version']).doUpdateSet(fields))
    .execute();
}

/** Finds the trial of an artifact at a tier under a Node. */
export function getTrial({ db }: Database, key: TrialKey): Promise<TrialRow | undefined> {
  return db
    .selectFrom('plugin_trials')
    .selectAll()
    .where('digest', '=', key.digest)
    .where('tier', '=', key.tier)
    .where('node_version', '=', key.node_version)
    .executeTakeFirst();
}
