/**
 * Every migration by its name, which sorts by its number. A name is never changed and a released migration never edited:
 * databases remember them by name. `down` undoes all of `up`, so that up, down, up ends as up did.
 */
import type { Migration } from 'kysely/migration';
import { catalogue } from './0001-catalogue.ts';
import { records } from './0002-records.ts';
import { secrets } from './0003-secrets.ts';
import { nodes } from './0004-nodes.ts';
import { releases } from './0005-releases.ts';
import { ledger } from './0006-ledger.ts';
import { memory } from './0007-memory.ts';
import { origins } from './0008-origins.ts';
import { events } from './0009-events.ts';
import { eventTenants } from './0010-event-tenants.ts';
import { seenIndexes } from './0011-seen-indexes.ts';
import { llmUsage } from './0012-llm-usage.ts';
import { agentRuns } from './0013-agent-runs.ts';
import { usage } from './0014-usage.ts';
import { recordedCalls } from './0015-recorded-calls.ts';
import { evaluations } from './0016-evaluations.ts';
import { taskResults } from './0017-task-results.ts';
import { taskTenants } from './0018-task-tenants.ts';

/** The list, in order. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_catalogue': catalogue,
  '0002_records': records,
  '0003_secrets': secrets,
  '0004_nodes': nodes,
  '0005_releases': releases,
  '0006_ledger': ledger,
  '0007_memory': memory,
  '0008_origins': origins,
  '0009_events': events,
  '0010_event_tenants': eventTenants,
  '0011_seen_indexes': seenIndexes,
  '0012_llm_usage': llmUsage,
  '0013_agent_runs': agentRuns,
  '0014_usage': usage,
  '0015_recorded_calls': recordedCalls,
  '0016_evaluations': evaluations,
  '0017_task_results': taskResults,
  '0018_task_tenants': taskTenants,
};
