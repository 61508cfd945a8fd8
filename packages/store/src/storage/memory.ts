/**
 * What plugins remember (MemoryStorage). Words are looked for as they stand, by `position`: `like` would read signs of patterns
 * into them, and a collation would fold them once more.
 */
import type { MemoryArtifact } from '@bulkhead/protocol';
import type { MemoryOwner, MemoryQuery, StoredMemory } from '@bulkhead/host';
import { sql, type ExpressionBuilder, type Transaction } from 'kysely';
import type { Database } from '../engine/database.ts';
import type { Tables } from '../schema.ts';
import { tenantUuid } from './tenant-id.ts';
import { storableText } from './text.ts';

const COLUMNS = ['id', 'content', 'source', 'timestamp', 'tags', 'confidence', 'related_artifacts'] as const;

/** Keeps an artifact. */
export async function addMemory({ db }: Database, owner: MemoryOwner, artifact: StoredMemory): Promise<void> {
  const { content, tags, related_artifacts, search_text, source, ...rest } = artifact;
  const row = {
    ...rest,
    tenant_id: tenantUuid(owner.tenant_id),
    plugin_name: owner.plugin_name,
    content: JSON.stringify(content),
    source: storableText(source),
    tags: storableJson(tags),
    related_artifacts: JSON.stringify(related_artifacts),
    search_text: storableText(search_text),
  };
  await db.insertInto('memory_artifacts').values(row).execute();
}

/** Finds artifacts, newest first. */
export function queryMemory(
  { db }: Database,
  owner: MemoryOwner,
  { words, tags, source, minConfidence, before, rowsMax }: MemoryQuery,
): Promise<readonly MemoryArtifact[]> {
  let query = db.selectFrom('memory_artifacts').where(ownedBy(owner)).where('confidence', '>=', minConfidence);
  if (source !== undefined) query = query.where('source', '=', storableText(source));
  if (before !== undefined)
    query = query.where(sql<boolean>`(timestamp, id) < (${before.timestamp}::timestamptz, ${before.id}::uuid)`);
  if (tags.length > 0) query = query.where(sql<boolean>`tags @> ${storableJson(tags)}::jsonb`);
  for (const word of words) query = query.where(sql<boolean>`position(${storableText(word)} in search_text) > 0`);
  return query.select(COLUMNS).orderBy('timestamp', 'desc').orderBy('id', 'desc').limit(rowsMax).execute();
}

/** Reads artifacts by their ids, newest first. */
export function readMemory(
  { db }: Database,
  owner: MemoryOwner,
  ids: readonly string[],
): Promise<readonly MemoryArtifact[]> {
  return db
    .selectFrom('memory_artifacts')
    .where(ownedBy(owner))
    .where(sql<boolean>`id = any(${ids}::uuid[])`)
    .select(COLUMNS)
    .orderBy('timestamp', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

/** Removes one; answers whether it was there. */
export async function removeMemory({ db }: Database, owner: MemoryOwner, id: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('memory_artifacts')
    .where(ownedBy(owner))
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return numDeletedRows === 1n;
}

/** Removes what is too much, the least certain first; answers how many went. */
export async function trimMemory(
  { db }: Database,
  owner: MemoryOwner,
  { rowsMax, rowsKept }: { readonly rowsMax: number; readonly rowsKept: number },
): Promise<number> {
  const { count } = await db
    .selectFrom('memory_artifacts')
    .where(ownedBy(owner))
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (count <= rowsMax) return 0;
  const leaving = db
    .selectFrom('memory_artifacts')
    .where(ownedBy(owner))
    .select('id')
    .orderBy('confidence', 'desc')
    .orderBy('timestamp', 'desc')
    .orderBy('id', 'desc')
    .offset(rowsKept);
  const { numDeletedRows } = await db
    .deleteFrom('memory_artifacts')
    .where(ownedBy(owner))
    .where('id', 'in', leaving)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** Removes what a tenant, a plugin, or one for the other remembers. */
export async function forgetMemory(trx: Transaction<Tables>, whose: Partial<MemoryOwner>): Promise<void> {
  const { tenant_id, plugin_name } = whose;
  await trx
    .deleteFrom('memory_artifacts')
    .$if(tenant_id !== undefined, (query) => query.where('tenant_id', '=', tenantUuid(tenant_id ?? '')))
    .$if(plugin_name !== undefined, (query) => query.where('plugin_name', '=', plugin_name ?? ''))
    .execute();
}

function ownedBy({ tenant_id, plugin_name }: MemoryOwner) {
  return (where: ExpressionBuilder<Tables, 'memory_artifacts'>) =>
    where.and({ tenant_id: tenantUuid(tenant_id), plugin_name });
}

/** `jsonb` takes no NUL, also where it is escaped. */
function storableJson(texts: readonly string[]): string {
  return JSON.stringify(texts.map(storableText));
}
