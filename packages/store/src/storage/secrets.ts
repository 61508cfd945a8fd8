/**
 * Secrets (SecretStorage), which come here encrypted. Which there are is read with the catalogue, their ciphertexts alone.
 */
import type { CatalogueChange, SealedSecret, SecretName, SecretRow } from '@bulkhead/host';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../engine/database.ts';
import type { Tables } from '../schema.ts';
import { tenantUuid } from './tenant-id.ts';
import { word } from './tenant-word.ts';

type Trx = Transaction<Tables>;

/** Reads which secrets are set. */
export function readSecretRows(trx: Trx): Promise<readonly SecretRow[]> {
  return rowsOf(trx).orderBy('secret.seq').execute();
}

/** Reads one with its sealed text. */
export function readSecret({ db }: Database, which: SecretName): Promise<SealedSecret | undefined> {
  return sealedOf(db)
    .where('secret.tenant_id', '=', tenantUuid(which.tenant_id))
    .where('secret.plugin_name', '=', which.plugin_name)
    .where('secret.name', '=', which.name)
    .executeTakeFirst();
}

/** Reads those that another key sealed. */
export function listSecretsOfOtherKeys(
  { db }: Database,
  keyId: string,
  rowsMax: number,
): Promise<readonly SealedSecret[]> {
  return sealedOf(db).where('secret.key_id', '!=', keyId).orderBy('secret.seq').limit(rowsMax).execute();
}

/** Writes one, for a tenant that is there; false where it was to replace a text that is no longer there. */
export async function putSecret(
  trx: Trx,
  { row, sealed, replaces }: Extract<CatalogueChange, { kind: 'put_secret' }>,
): Promise<boolean> {
  if (sealed === undefined) return false;
  const { tenant_id, plugin_name, name, ...rest } = { ...row, tenant_id: tenantUuid(row.tenant_id), ...sealed };
  if (replaces === undefined) {
    await trx
      .insertInto('secrets')
      .values({ tenant_id, plugin_name, name, ...rest })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'plugin_name', 'name']).doUpdateSet(rest))
      .execute();
    return true;
  }
  const { numUpdatedRows } = await trx
    .updateTable('secrets')
    .set(rest)
    .where('tenant_id', '=', tenant_id)
    .where('plugin_name', '=', plugin_name)
    .where('name', '=', name)
    .where('nonce', '=', replaces)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

/** Removes those of a tenant, of a plugin, or of both; or one by its name. */
export async function removeSecrets(trx: Trx, which: Partial<SecretName>): Promise<void> {
  const { tenant_id, plugin_name, name } = which;
  await trx
    .deleteFrom('secrets')
    .$if(tenant_id !== undefined, (query) => query.where('tenant_id', '=', tenantUuid(tenant_id ?? '')))
    .$if(plugin_name !== undefined, (query) => query.where('plugin_name', '=', plugin_name ?? ''))
    .$if(name !== undefined, (query) => query.where('name', '=', name ?? ''))
    .execute();
}

function rowsOf(db: Kysely<Tables>) {
  return db
    .selectFrom('secrets as secret')
    .innerJoin('tenants', 'tenants.id', 'secret.tenant_id')
    .select([word.as('tenant_id'), 'secret.plugin_name', 'secret.name', 'secret.key_id'])
    .select(['secret.created_at', 'secret.updated_at']);
}

function sealedOf(db: Kysely<Tables>) {
  return rowsOf(db).select(['secret.nonce', 'secret.ciphertext']);
}
