/**
 * Evaluations of releases (EvaluationStorage), each with its changes of state in a table of their own, to which is only added.
 */
import {
  EVALUATION_STATES,
  isEvaluationEnd,
  type Evaluation,
  type EvaluationChange,
  type EvaluationProgress,
  type EvaluationQuery,
  type EvaluationWithReport,
} from '@bulkhead/host';
import type { Transaction } from 'kysely';
import type { Database } from '../engine/database.ts';
import type { Tables } from '../schema.ts';
import { tenantUuid } from './tenant-id.ts';
import { storableName, storableText } from './text.ts';

type Trx = Transaction<Tables>;

const RUNNING = EVALUATION_STATES.filter((state) => !isEvaluationEnd(state));
const COLUMNS = [
  ...[
    'id',
    'tenant_word',
    'plugin_name',
    'from_version',
    'to_version',
    'kind',
    'state',
    'verdict',
    'reasons',
    'summary',
  ],
  ...['node', 'actor', 'created_at', 'updated_at', 'revision'],
] as const satisfies readonly (keyof Tables['evaluations'])[];

/** Stores one that is new, with its first changes. */
export async function createEvaluation({ db }: Database, evaluation: EvaluationWithReport): Promise<void> {
  const { changes, tenant_id, reasons, summary, report, verdict, ...row } = evaluation;
  await db.transaction().execute(async (trx) => {
    await trx
      .insertInto('evaluations')
      .values({
        ...row,
        ...{ tenant_id: tenant_id === null ? null : tenantUuid(tenant_id), tenant_word: tenant_id },
        ...{ plugin_name: storableName(row.plugin_name), node: storableName(row.node), actor: storableName(row.actor) },
        ...{ verdict: verdict === null ? null : storableName(verdict), reasons: JSON.stringify(reasons) },
        ...{ summary: JSON.stringify(summary), report: report === null ? null : JSON.stringify(report) },
      })
      .execute();
    for (const [index, change] of changes.entries()) await addChange(trx, { id: row.id, number: index + 1 }, change);
  });
}

/** Stores what has come of one, where it has the revision: of two at once, the second finds another. */
export async function progressEvaluation(
  { db }: Database,
  { id, revision }: Pick<Evaluation, 'id' | 'revision'>,
  { change, verdict, reasons, summary, report, node, updated_at }: EvaluationProgress,
): Promise<number | undefined> {
  const next = revision + 1;
  return db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('evaluations')
      .set({
        ...{ revision: next, updated_at },
        ...(change !== undefined && { state: change.state }),
        ...(verdict !== undefined && { verdict: storableName(verdict) }),
        ...(reasons !== undefined && { reasons: JSON.stringify(reasons) }),
        ...(summary !== undefined && { summary: JSON.stringify(summary) }),
        ...(report !== undefined && { report: JSON.stringify(report) }),
        ...(node !== undefined && { node: storableName(node) }),
      })
      .where('id', '=', id)
      .where('revision', '=', revision)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) return undefined;
    if (change !== undefined) await addChange(trx, { id, number: next }, change);
    return next;
  });
}

async function addChange(
  trx: Trx,
  { id, number }: { readonly id: string; readonly number: number },
  { state, at, reason }: EvaluationChange,
): Promise<void> {
  await trx
    .insertInto('evaluation_changes')
    .values({ evaluation_id: id, number, state, at, reason: reason === null ? null : storableText(reason) })
    .execute();
}

/** Reads one, with its report. */
export async function getEvaluation({ db }: Database, id: string): Promise<EvaluationWithReport | undefined> {
  const row = await db
    .selectFrom('evaluations')
    .select([...COLUMNS, 'report'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const [evaluation] = await withChanges(db, [row]);
  return evaluation === undefined ? undefined : { ...evaluation, report: row.report };
}

/** Lists them, newest first; their ids are in the order of their times. */
export async function listEvaluations({ db }: Database, query: EvaluationQuery): Promise<readonly Evaluation[]> {
  const { tenant, plugin, before, rowsMax } = query;
  const rows = await db
    .selectFrom('evaluations')
    .select(COLUMNS)
    .$if(tenant !== undefined, (select) => select.where('tenant_id', '=', tenantUuid(tenant ?? '')))
    .$if(plugin !== undefined, (select) => select.where('plugin_name', '=', storableName(plugin ?? '')))
    .$if(before !== undefined, (select) => select.where('id', '<', before ?? ''))
    .orderBy('id', 'desc')
    .limit(rowsMax)
    .execute();
  return withChanges(db, rows);
}

/** Lists those that have not ended, oldest first. */
export async function listRunningEvaluations({ db }: Database): Promise<readonly Evaluation[]> {
  const rows = await db.selectFrom('evaluations').select(COLUMNS).where('state', 'in', RUNNING).orderBy('id').execute();
  return withChanges(db, rows);
}

type Row = Omit<Evaluation, 'tenant_id' | 'changes'> & { readonly tenant_word: string | null };

async function withChanges(db: Database['db'], rows: readonly Row[]): Promise<readonly Evaluation[]> {
  if (rows.length === 0) return [];
  const changes = await db
    .selectFrom('evaluation_changes')
    .select(['evaluation_id', 'state', 'at', 'reason'])
    .where(
      'evaluation_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('number')
    .execute();
  return rows.map(({ tenant_word, ...row }) => {
    const own = changes.filter(({ evaluation_id }) => evaluation_id === row.id);
    return {
      ...told(row),
      tenant_id: tenant_word,
      changes: own.map(({ state, at, reason }) => ({ state, at, reason })),
    };
  });
}

/** Without what a row may have beside: the report is the caller's to add. */
function told(row: Omit<Row, 'tenant_word'> & { readonly report?: unknown }): Omit<Row, 'tenant_word'> {
  const { report: _report, ...rest } = row;
  return rest;
}

/** Removes those that have ended, and were changed last before a time. */
export async function pruneEvaluations({ db }: Database, before: string): Promise<void> {
  await db.deleteFrom('evaluations').where('updated_at', '<', before).where('state', 'not in', RUNNING).execute();
}

/** Removes those of a tenant, or of a plugin. */
export async function forgetEvaluations(
  trx: Trx,
  of: { readonly tenant_id: string } | { readonly plugin_name: string },
): Promise<void> {
  const remove = trx.deleteFrom('evaluations');
  if ('tenant_id' in of) await remove.where('tenant_id', '=', tenantUuid(of.tenant_id)).execute();
  else await remove.where('plugin_name', '=', storableName(of.plugin_name)).execute();
}
