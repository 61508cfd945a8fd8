/**
 * Moves of registrations and rollouts, as a commit writes them and a node reads them.
 */
import type { CatalogueChange, CatalogueRows, MoveRow } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import type { Transaction } from 'kysely';
import type { Tables } from '../schema.ts';
import { tenantUuid } from './tenant-id.ts';
import { word } from './tenant-word.ts';
import { storableName, storableText } from './text.ts';

type Trx = Transaction<Tables>;

/** Adds a move and removes the oldest beyond the bound; false where there is no registration. */
export async function addMove(trx: Trx, row: MoveRow): Promise<boolean> {
  const { tenant_id, plugin_name, granted_before, actor, reason, ...rest } = row;
  const registration = await trx
    .selectFrom('plugin_registrations')
    .select('id')
    .where('tenant_id', '=', tenantUuid(tenant_id))
    .where('plugin_name', '=', plugin_name)
    .executeTakeFirst();
  if (registration === undefined) return false;
  const registration_id = registration.id;
  const texts = { actor: storableName(actor), reason: reason === null ? null : storableText(reason) };
  await trx
    .insertInto('registration_moves')
    .values({ registration_id, ...rest, ...texts, granted_before: JSON.stringify(granted_before) })
    .execute();
  await trx
    .deleteFrom('registration_moves')
    .where('seq', 'in', (select) =>
      select
        .selectFrom('registration_moves')
        .select('seq')
        .where('registration_id', '=', registration_id)
        .orderBy('seq', 'desc')
        .offset(LIMITS.moves.value),
    )
    .execute();
  return true;
}

/** Puts a plugin's rollout in place of the one before; false where that has another revision than is expected. */
export async function putRollout(
  trx: Trx,
  { row, expected }: Extract<CatalogueChange, { kind: 'put_rollout' }>,
  revision: number,
): Promise<boolean> {
  const known = await trx
    .selectFrom('plugin_rollouts')
    .select('revision')
    .where('plugin_name', '=', row.plugin_name)
    .executeTakeFirst();
  if (expected !== undefined && expected !== (known?.revision ?? 0)) return false;
  const values = {
    ...row,
    revision,
    steps: JSON.stringify(row.steps),
    left_out: JSON.stringify(row.left_out),
    actor: storableName(row.actor),
    reason: row.reason === null ? null : storableText(row.reason),
  };
  await trx
    .insertInto('plugin_rollouts')
    .values(values)
    .onConflict((conflict) => conflict.column('plugin_name').doUpdateSet(values))
    .execute();
  return true;
}

/** Reads all moves, in their order. */
export function readMoves(trx: Trx): Promise<CatalogueRows['moves']> {
  return trx
    .selectFrom('registration_moves as move')
    .innerJoin('plugin_registrations as registration', 'registration.id', 'move.registration_id')
    .innerJoin('tenants', 'tenants.id', 'registration.tenant_id')
    .select([word.as('tenant_id'), 'registration.plugin_name'])
    .select(['move.kind', 'move.from_version', 'move.to_version', 'move.granted_before'])
    .select(['move.actor', 'move.reason', 'move.at'])
    .orderBy('move.seq')
    .execute();
}

/** Reads the newest rollout of each plugin. */
export function readRollouts(trx: Trx): Promise<CatalogueRows['rollouts']> {
  return trx.selectFrom('plugin_rollouts').selectAll().orderBy('plugin_name').execute();
}
