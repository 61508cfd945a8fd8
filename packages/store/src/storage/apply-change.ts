/**
 * What each change of a commit does to the tables. Whoever calls holds the head of the audit log, so what is read here
 * stands until the transaction ends.
 */
import type { CatalogueChange, ReleaseRow, TenantRow, TokenRow } from '@bulkhead/host';
import type { Transaction } from 'kysely';
import type { Tables } from '../schema.ts';
import { forgetAgentRuns } from './agent-runs.ts';
import { forgetEvaluations } from './evaluations.ts';
import { forgetEvents } from './events.ts';
import { putSecret, removeSecrets } from './secrets.ts';
import { forgetMemory } from './memory.ts';
import { addMove, putRollout } from './moves.ts';
import { forgetRecordings, putRecording } from './recordings.ts';
import { storedWord, tenantUuid } from './tenant-id.ts';
import { storableText } from './text.ts';
import { forgetUsage } from './usage.ts';

type Trx = Transaction<Tables>;

/** Applies a change; false where it does not fit what is there, and then the transaction must be taken back. */
export async function applyChange(trx: Trx, change: CatalogueChange, revision: number): Promise<boolean> {
  switch (change.kind) {
    case 'put_tenant':
      return putTenant(trx, change.row);
    case 'put_token':
      return putToken(trx, change.row);
    case 'put_release':
      return putRelease(trx, change.row);
    case 'put_registration':
      return putRegistration(trx, change, revision);
    case 'add_move':
      return addMove(trx, change.row);
    case 'put_rollout':
      return putRollout(trx, change, revision);
    case 'put_recording':
      return putRecording(trx, change.row);
    case 'forget_recordings':
      await forgetRecordings(trx, { tenant_id: change.tenant_id, plugin_name: change.plugin_name });
      return true;
    case 'remove_tenant':
      await forgetMemory(trx, { tenant_id: change.tenant_id });
      await forgetRecordings(trx, { tenant_id: change.tenant_id });
      await forgetEvaluations(trx, { tenant_id: change.tenant_id });
      await forgetEvents(trx, change.tenant_id);
      await forgetUsage(trx, change.tenant_id);
      await forgetAgentRuns(trx, change.tenant_id);
      return remove(trx.deleteFrom('tenants').where('id', '=', tenantUuid(change.tenant_id)));
    case 'remove_token':
      return remove(trx.deleteFrom('api_tokens').where('id', '=', change.token_id));
    case 'put_secret':
      return (await isTenant(trx, tenantUuid(change.row.tenant_id))) && putSecret(trx, change);
    case 'remove_secret':
      await removeSecrets(trx, change);
      return true;
    case 'remove_registration':
      await removeSecrets(trx, { tenant_id: change.tenant_id, plugin_name: change.plugin_name });
      await forgetMemory(trx, { tenant_id: change.tenant_id, plugin_name: change.plugin_name });
      await forgetRecordings(trx, { tenant_id: change.tenant_id, plugin_name: change.plugin_name });
      return remove(
        trx
          .deleteFrom('plugin_registrations')
          .where('tenant_id', '=', tenantUuid(change.tenant_id))
          .where('plugin_name', '=', change.plugin_name),
      );
    case 'remove_plugin':
      await remove(trx.deleteFrom('plugin_registrations').where('plugin_name', '=', change.plugin_name));
      await removeSecrets(trx, { plugin_name: change.plugin_name });
      await forgetMemory(trx, { plugin_name: change.plugin_name });
      await forgetRecordings(trx, { plugin_name: change.plugin_name });
      await forgetEvaluations(trx, { plugin_name: change.plugin_name });
      await remove(trx.deleteFrom('plugin_rollouts').where('plugin_name', '=', change.plugin_name));
      return remove(trx.deleteFrom('plugin_releases').where('plugin_name', '=', change.plugin_name));
  }
}

async function putTenant(trx: Trx, row: TenantRow): Promise<boolean> {
  const id = tenantUuid(row.id);
  const { min_tier, created_at, updated_at } = row;
  const fields = { name: storableText(row.name), min_tier, quota: JSON.stringify(row.quota), created_at, updated_at };
  const rival = await trx
    .selectFrom('tenants')
    .select('id')
    .where('name', '=', fields.name)
    .where('id', '!=', id)
    .executeTakeFirst();
  if (rival !== undefined) return false;
  await trx
    .insertInto('tenants')
    .values({ id, word: storedWord(row.id), ...fields })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(fields))
    .execute();
  return true;
}

async function putToken(trx: Trx, row: TokenRow): Promise<boolean> {
  const { id, ...rest } = { ...row, tenant_id: tenantUuid(row.tenant_id) };
  if (!(await isTenant(trx, rest.tenant_id))) return false;
  await trx
    .insertInto('api_tokens')
    .values({ id, ...rest })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(rest))
    .execute();
  return true;
}

/** Keeps C3: what is there already changes its offer, its trust and its signer alone. */
async function putRelease(trx: Trx, row: ReleaseRow): Promise<boolean> {
  const { is_public, offered_to, is_trusted } = row;
  const origin = JSON.stringify(row.origin);
  const values = {
    ...row,
    origin,
    place: storableText(row.place),
    manifest: JSON.stringify(row.manifest),
    findings: JSON.stringify(row.findings),
  };
  const { numInsertedOrUpdatedRows: count } = await trx
    .insertInto('plugin_releases')
    .values(values)
    .onConflict((conflict) =>
      conflict
        .columns(['plugin_name', 'version'])
        .doUpdateSet({ is_public, offered_to, is_trusted, origin })
        .whereRef('plugin_releases.digest', '=', 'excluded.digest'),
    )
    .executeTakeFirstOrThrow();
  return count === 1n;
}

async function putRegistration(
  trx: Trx,
  { row, expected }: Extract<CatalogueChange, { kind: 'put_registration' }>,
  revision: number,
): Promise<boolean> {
  const tenantId = tenantUuid(row.tenant_id);
  if (!(await isTenant(trx, tenantId))) return false;
  if (expected !== undefined && expected !== (await revisionOf(trx, tenantId, row.plugin_name))) return false;
  const fields = {
    ...row,
    tenant_id: tenantId,
    config: JSON.stringify(row.config),
    granted_permissions: JSON.stringify(row.granted_permissions),
  };
  await trx
    .insertInto('plugin_registrations')
    .values(fields)
    .onConflict((conflict) => conflict.columns(['tenant_id', 'plugin_name']).doUpdateSet(fields))
    .execute();
  await trx
    .insertInto('registration_revisions')
    .values({ registration_id: row.id, revision })
    .onConflict((conflict) => conflict.column('registration_id').doUpdateSet({ revision }))
    .execute();
  return true;
}

async function isTenant(trx: Trx, id: string): Promise<boolean> {
  return (await trx.selectFrom('tenants').select('id').where('id', '=', id).executeTakeFirst()) !== undefined;
}

async function revisionOf(trx: Trx, tenantId: string, plugin: string): Promise<number> {
  const found = await trx
    .selectFrom('plugin_registrations as registration')
    .innerJoin('registration_revisions as written', 'written.registration_id', 'registration.id')
    .select('written.revision')
    .where('registration.tenant_id', '=', tenantId)
    .where('registration.plugin_name', '=', plugin)
    .executeTakeFirst();
  return found?.revision ?? 0;
}

/** Removing what is not there is silent. */
async function remove(query: { readonly execute: () => Promise<unknown> }): Promise<true> {
  await query.execute();
  return true;
}
