/**
 * What nodes read of the catalogue: the whole as of one revision, the steps after one, and the audit log.
 */
import type { AuditPage, AuditQuery, AuditRow, CatalogueRows, CatalogueStep } from '@bulkhead/host';
import type { Transaction } from 'kysely';
import type { Database } from '../engine/database.ts';
import type { Tables } from '../schema.ts';
import { readSecretRows } from './secrets.ts';
import { word } from './tenant-word.ts';
import { readRecordings } from './recordings.ts';
import { readMoves, readRollouts } from './moves.ts';

type Trx = Transaction<Tables>;

/** Whoever is further behind reads the whole: it is no more than so many steps, and never too much at once. */
const STEPS_MAX = 1_000;

/** Reads the whole, in one snapshot. */
export function readCatalogue({ db }: Database): Promise<CatalogueRows> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => ({
      revision: (await trx.selectFrom('audit_head').select('seq').executeTakeFirstOrThrow()).seq,
      tenants: await readTenants(trx),
      tokens: await readTokens(trx),
      releases: await readReleases(trx),
      registrations: await readRegistrations(trx),
      secrets: await readSecretRows(trx),
      moves: await readMoves(trx),
      rollouts: await readRollouts(trx),
      recordings: await readRecordings(trx),
    }));
}

function readTenants(trx: Trx): Promise<CatalogueRows['tenants']> {
  return trx
    .selectFrom('tenants')
    .select([word.as('id'), 'name', 'min_tier', 'quota', 'created_at', 'updated_at'])
    .orderBy('seq')
    .execute();
}

function readTokens(trx: Trx): Promise<CatalogueRows['tokens']> {
  return trx
    .selectFrom('api_tokens as token')
    .innerJoin('tenants', 'tenants.id', 'token.tenant_id')
    .select(['token.id', word.as('tenant_id'), 'token.role', 'token.scopes', 'token.hash'])
    .select(['token.created_at', 'token.expires_at'])
    .orderBy('token.seq')
    .execute();
}

function readReleases(trx: Trx): Promise<CatalogueRows['releases']> {
  return trx
    .selectFrom('plugin_releases')
    .select(['plugin_name', 'version', 'digest', 'place', 'manifest', 'findings'])
    .select(['is_public', 'offered_to', 'is_trusted', 'origin', 'installed_at'])
    .orderBy('seq')
    .execute();
}

function readRegistrations(trx: Trx): Promise<CatalogueRows['registrations']> {
  return trx
    .selectFrom('plugin_registrations as row')
    .innerJoin('registration_revisions as written', 'written.registration_id', 'row.id')
    .innerJoin('tenants', 'tenants.id', 'row.tenant_id')
    .select(['row.id', word.as('tenant_id'), 'row.plugin_name', 'row.plugin_version', 'row.enabled', 'row.config'])
    .select(['row.granted_permissions', 'row.installed_at', 'row.updated_at', 'written.revision'])
    .orderBy('written.seq')
    .execute();
}

/** Reads the steps after a revision; undefined where they are not all kept, or are too many. */
export async function readSteps({ db }: Database, after: number): Promise<readonly CatalogueStep[] | undefined> {
  const rows = await db
    .selectFrom('audit_head as head')
    .leftJoin('catalogue_steps as step', (join) => join.on('step.revision', '>', after))
    .select(['head.seq as head', 'step.revision', 'step.changes'])
    .orderBy('step.revision')
    .limit(STEPS_MAX)
    .execute();
  const steps = rows.flatMap(({ revision, changes }) =>
    revision === null || changes === null ? [] : [{ revision, changes }],
  );
  return steps.length === Math.max(0, (rows[0]?.head ?? 0) - after) ? steps : undefined;
}

/** Reads lines of the audit log, with its head in the same snapshot. */
export async function readAudit({ db }: Database, after: number, rowsMax: number): Promise<AuditPage> {
  const rows = await db
    .selectFrom('audit_head as head')
    .leftJoin('audit_log as line', (join) => join.on('line.seq', '>', after))
    .select(['head.seq as headSeq', 'head.hash as headHash', 'line.seq', 'line.text', 'line.hash'])
    .orderBy('line.seq')
    .limit(rowsMax)
    .execute();
  const [first] = rows;
  if (first === undefined) throw new Error('the audit log has no head');
  return {
    rows: rows.flatMap(({ seq, text, hash }) =>
      seq === null || text === null || hash === null ? [] : [{ seq, text, hash }],
    ),
    head: { seq: first.headSeq, hash: first.headHash },
  };
}

/** Reads lines of the audit log for a reader. */
export async function listAudit(
  { db }: Database,
  { tenant, after, rowsMax }: AuditQuery,
): Promise<readonly AuditRow[]> {
  const isFromStart = after !== undefined;
  const rows = await db
    .selectFrom('audit_log')
    .select(['seq', 'text', 'hash'])
    .$if(isFromStart, (query) => query.where('seq', '>', after ?? 0))
    .$if(tenant !== undefined, (query) => query.where('tenant_id', '=', JSON.stringify(tenant).slice(1, -1)))
    .orderBy('seq', isFromStart ? 'asc' : 'desc')
    .limit(rowsMax)
    .execute();
  return isFromStart ? rows : rows.toReversed();
}
