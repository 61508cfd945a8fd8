/**
 * Runs of agents (AgentStorage): a document each, with what it is looked up by beside it.
 */
import type { AgentRunQuery, AgentRunRow } from '@bulkhead/host';
import type { AgentRun, AgentRunStatus } from '@bulkhead/protocol';
import type { Transaction } from 'kysely';
import type { Database } from '../engine/database.ts';
import type { Tables } from '../schema.ts';
import { tenantUuid } from './tenant-id.ts';

/** Stores a run that is new. */
export async function addAgentRun({ db }: Database, row: AgentRunRow): Promise<void> {
  const { id, tenant_id, created_at } = row.run;
  await db
    .insertInto('agent_runs')
    .values({ id, tenant_id: tenantUuid(tenant_id), created_at, ...written(row) })
    .execute();
}

/** Stores what a run has come to, in one statement, so that of two writers one is refused. */
export async function changeAgentRun(
  { db }: Database,
  row: AgentRunRow,
  from: readonly AgentRunStatus[],
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('agent_runs')
    .set(written(row))
    .where('tenant_id', '=', tenantUuid(row.run.tenant_id))
    .where('id', '=', row.run.id)
    .where('status', 'in', [...from])
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Reads one run. */
export async function getAgentRun(
  { db }: Database,
  { tenant_id, id }: Pick<AgentRun, 'tenant_id' | 'id'>,
): Promise<AgentRunRow | undefined> {
  return db
    .selectFrom('agent_runs')
    .select(['run', 'node', 'messages'])
    .where('tenant_id', '=', tenantUuid(tenant_id))
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Lists a tenant's runs, newest first; their ids are in the order of their times. */
export async function listAgentRuns({ db }: Database, query: AgentRunQuery): Promise<readonly AgentRun[]> {
  const { tenant_id, before, rowsMax } = query;
  const rows = await db
    .selectFrom('agent_runs')
    .select('run')
    .where('tenant_id', '=', tenantUuid(tenant_id))
    .$if(before !== undefined, (select) => select.where('id', '<', before ?? ''))
    .orderBy('id', 'desc')
    .limit(rowsMax)
    .execute();
  return rows.map(({ run }) => run);
}

/** Lists the runs that a node began and never ended. */
export async function listUnfinishedAgentRuns({ db }: Database, node: string): Promise<readonly AgentRunRow[]> {
  return db
    .selectFrom('agent_runs')
    .select(['run', 'node', 'messages'])
    .where('node', '=', node)
    .where('status', '=', 'running')
    .orderBy('id')
    .execute();
}

/** Removes runs that were created before a time. */
export async function pruneAgentRuns({ db }: Database, before: string): Promise<void> {
  await db.deleteFrom('agent_runs').where('created_at', '<', before).execute();
}

/** Removes a tenant's runs. */
export async function forgetAgentRuns(trx: Transaction<Tables>, tenant: string): Promise<void> {
  await trx.deleteFrom('agent_runs').where('tenant_id', '=', tenantUuid(tenant)).execute();
}

function written({ run, node, messages }: AgentRunRow) {
  return {
    ...{ node, status: run.status, run: JSON.stringify(run) },
    messages: messages === null ? null : JSON.stringify(messages),
  };
}
