/**
 * Idempotency keys (RecordStorage). Tenant, plugin, tool and key come from callers, at any length: a key is found by their
 * digest, and its names are kept as the ledger keeps them.
 */
import { hash } from 'node:crypto';
import type { KeyAnswer, KeyClaim, Retention, UnsettledKey } from '@bulkhead/host';
import type { Outcome } from '@bulkhead/protocol';
import { sql } from 'kysely';
import type { Database } from '../engine/database.ts';
import { storableName } from './text.ts';

/** Takes a key, or tells what it stands for. */
export async function claimKey(database: Database, claim: KeyClaim): Promise<KeyAnswer> {
  for (;;) {
    if (await takeKey(database, claim)) return { kind: 'claimed' };
    const known = await findKey(database, claim);
    if (known !== undefined) return known;
    // It was freed between the two statements.
  }
}

/** One statement, so that of two at once exactly one takes it; an expired key is taken over with its call. */
async function takeKey({ db }: Database, claim: KeyClaim): Promise<boolean> {
  const { params_hash, call_id, node, claimed_at, expires_at } = claim;
  const names = {
    tenant_id: storableName(claim.tenant_id),
    plugin_name: storableName(claim.plugin_name),
    tool: storableName(claim.tool),
  };
  const fields = { params_hash, call_id, node, ...names, claimed_at, expires_at, outcome: null };
  const taken = await db
    .insertInto('idempotency_keys')
    .values({ id: idOf(claim), ...fields })
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet(fields)
        .whereRef('idempotency_keys.expires_at', '<=', sql.ref('excluded.claimed_at')),
    )
    .returning('id')
    .executeTakeFirst();
  return taken !== undefined;
}

async function findKey({ db }: Database, claim: KeyClaim): Promise<KeyAnswer | undefined> {
  const known = await db
    .selectFrom('idempotency_keys')
    .select(['params_hash', 'outcome'])
    .where('id', '=', idOf(claim))
    .executeTakeFirst();
  if (known === undefined) return undefined;
  if (known.params_hash !== claim.params_hash) return { kind: 'conflict' };
  return known.outcome === null ? { kind: 'running' } : { kind: 'replay', outcome: known.outcome };
}

function idOf({ tenant_id, plugin_name, tool, key }: KeyClaim): string {
  return hash('sha256', JSON.stringify([tenant_id, plugin_name, tool, key]));
}

/** Keeps a call's outcome under the key that it claimed. */
export async function settleKey({ db }: Database, callId: string, outcome: Outcome): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ outcome: JSON.stringify(outcome) })
    .where('call_id', '=', callId)
    .execute();
}

/** Lists the keys of a node whose calls never ended, oldest first. */
export function listUnsettledKeys({ db }: Database, node: string): Promise<readonly UnsettledKey[]> {
  return db
    .selectFrom('idempotency_keys')
    .select(['call_id', 'node', 'tenant_id', 'plugin_name', 'tool', 'claimed_at'])
    .where('node', '=', node)
    .where('outcome', 'is', null)
    .orderBy('claimed_at')
    .execute();
}

/** Frees the key that a call claimed. */
export async function freeKey({ db }: Database, callId: string): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('call_id', '=', callId).execute();
}

/** Removes expired keys. */
export async function pruneKeys({ db }: Database, { now }: Retention): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('expires_at', '<=', now).execute();
}
