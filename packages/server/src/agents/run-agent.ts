/**
 * One run from its beginning to its outcome, as a list of steps: the host lets it begin, the loop drives it, the host ends it.
 */
import type { AgentBegin, Log } from '@bulkhead/host';
import type { AgentRun, CallError, JsonValue, Outcome } from '@bulkhead/protocol';
import { reportOf } from '../answer/encode.ts';
import { AGENT_PLACE } from '../answer/plane.ts';
import { traceFields } from '../door/trace-context.ts';
import type { Driving } from './drive-agent.ts';

/** How a run ended or where it waits: one that was refused before it began has none. */
export type AgentOutcome = { readonly run: AgentRun | undefined; readonly outcome: Outcome };

/**
 * Drives a run that was let in, and reports how it ended; never rejects. The loop is loaded with the first: a server whose agents
 * run elsewhere does without its library.
 */
export async function runAgent(begin: Promise<AgentBegin>, driving: Driving): Promise<AgentOutcome> {
  const startedAt = performance.now();
  const begun = await begin;
  const run = begun.ok ? await drive(begun.agent, driving) : begun.run;
  const durationMs = Math.round((performance.now() - startedAt) * 1_000) / 1_000;
  if (run !== undefined) logRun(driving.log, run, durationMs);
  const error = begun.ok ? (run?.error ?? undefined) : begun.error;
  return { run, outcome: toOutcome(run, error, durationMs) };
}

async function drive(agent: Extract<AgentBegin, { ok: true }>['agent'], driving: Driving): Promise<AgentRun> {
  const { driveAgent } = await import('./drive-agent.ts');
  return agent.end(await driveAgent(agent, driving));
}

/** The value of a run is the run itself; one that failed is read by its id, which is the call's. */
function toOutcome(run: AgentRun | undefined, error: CallError | undefined, durationMs: number): Outcome {
  const ids = run === undefined ? {} : { call_id: run.id, tenant: run.tenant_id };
  const call = reportOf(AGENT_PLACE, { ...ids, duration_ms: durationMs });
  if (error !== undefined) return { ok: false, error, call };
  return { ok: true, value: (run ?? null) as JsonValue, call }; // A run is written as JSON.
}

/** One line for each run, with tenant and id; never what was asked or said. */
function logRun(
  log: Log,
  { id: run_id, tenant_id: tenant, status, steps, error }: AgentRun,
  duration_ms: number,
): void {
  const code = error === null ? {} : { code: error.code };
  log.info({ tenant, run_id, status, ...code, steps: steps.length, duration_ms, ...traceFields() }, 'agent run');
}
