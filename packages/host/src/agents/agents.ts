/**
 * Runs of agents as the host sees them: who may begin one, what is known of it, and who may stop it. It drives no model: whoever
 * does, such as `@bulkhead/server` with the AI SDK, begins a run here, tells it what happens, and ends it.
 *
 *   begin ─▶ room? ─▶ messages? ─▶ stored ─▶ hooks before ─▶ RunningAgent ─▶ … ─▶ stored, hooks after
 */
import {
  DEFAULT_TENANT,
  LIMITS,
  callError,
  type AgentBudget,
  type AgentRun,
  type ApprovalDecision,
  type CallError,
  type ChatMessage,
} from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { StartTimer } from '../base/timer.ts';
import type { AgentRunRow, AgentStorage } from '../storage/agents-port.ts';
import type { AgentHooks } from './agent-hooks.ts';
import { createPlaces, type Places } from './places.ts';
import { RunningAgent, type RunningAgentOptions } from './running-agent.ts';

/**
 * What a run is begun with. `decisions` are about tools that the last messages ask for, where a caller keeps the conversation.
 *
 * @experimental
 */
export type AgentRequest = {
  readonly messages: readonly ChatMessage[];
  /** `default` where it is left out. */
  readonly tenant?: string | undefined;
  /** One of `host.llm.backends`; for each step one is chosen by weight where it is left out. */
  readonly backend?: string | undefined;
  /** 1 to `LIMITS.agent_steps`; 20 where it is left out. */
  readonly maxSteps?: number | undefined;
  readonly budget?: AgentBudget | undefined;
  readonly decisions?: readonly ApprovalDecision[] | undefined;
  /** Whole milliseconds; `LIMITS.agent_run_ms` where it is left out, and at the most. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * What a run that waits goes on with: a decision for each of its `approvals`.
 *
 * @experimental
 */
export type AgentResumption = Pick<AgentRequest, 'timeoutMs' | 'signal'> & {
  readonly tenant?: string | undefined;
  readonly id: string;
  readonly decisions: readonly ApprovalDecision[];
};

/**
 * A run that has begun, or why there is none to drive; `run` is there where it was stored all the same.
 *
 * @experimental
 */
export type AgentBegin =
  | { readonly ok: true; readonly agent: RunningAgent }
  | { readonly ok: false; readonly error: CallError; readonly run?: AgentRun };

/**
 * Which of a tenant's runs, newest first: at most `rowsMax`, those before the run of an id where one is named.
 *
 * @experimental
 */
export type AgentRunPage = { readonly tenant?: string; readonly before?: string; readonly rowsMax: number };

/**
 * Runs of agents of one host.
 *
 * @experimental
 */
export type Agents = {
  /** Begins a run: it is stored, and the hooks before it are asked. Never rejects. */
  readonly begin: (request: AgentRequest) => Promise<AgentBegin>;
  /** Goes on with a run that waits for approvals, once. Never rejects. */
  readonly resume: (resumption: AgentResumption) => Promise<AgentBegin>;
  /**
   * Ends a run, wherever it runs; on another node before its next step. One that has ended stays as it is.
   *
   * @returns the run; undefined where the tenant has none of this id.
   * @throws {HostError} `STORAGE_UNAVAILABLE`.
   */
  readonly cancel: (which: { readonly tenant?: string; readonly id: string }) => Promise<AgentRun | undefined>;
  /** @throws {HostError} `STORAGE_UNAVAILABLE`. */
  readonly get: (which: { readonly tenant?: string; readonly id: string }) => Promise<AgentRun | undefined>;
  /** @throws {HostError} `STORAGE_UNAVAILABLE`. */
  readonly list: (page: AgentRunPage) => Promise<readonly AgentRun[]>;
};

/** What they are made of. */
export type AgentParts = {
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  readonly startTimer: StartTimer;
  readonly node: string;
  readonly newId: (wallTime: number) => string;
  readonly storage: AgentStorage;
  readonly hooks: AgentHooks;
  readonly refuseMessages: (messages: unknown) => CallError | undefined;
  readonly keep: (row: AgentRunRow) => void;
  readonly didStop: (run: AgentRun, durationMs: number) => void;
};

const STEPS_DEFAULT = 20;

/** What runs of one host share. */
type Shared = AgentParts & {
  /** Those that this host runs, by their ids. */
  readonly live: Map<string, RunningAgent>;
  readonly places: Places;
};

type Which = { readonly tenant?: string | undefined; readonly id: string };

/** Makes them; `close` ends every run of this host. */
export function createAgents(parts: AgentParts): Agents & { readonly close: () => Promise<void> } {
  const { storage } = parts;
  const shared: Shared = { ...parts, live: new Map(), places: createPlaces() };
  return {
    begin: (request) => begin(shared, request),
    resume: (resumption) => resume(shared, resumption),
    cancel: (which) => cancel(shared, which),
    get: async (which) => (await find(storage, which))?.run,
    list: async ({ tenant = DEFAULT_TENANT, before, rowsMax }) => {
      if (before !== undefined && !UUID.test(before)) return [];
      return storage.listAgentRuns({ tenant_id: tenant, rowsMax, ...(before !== undefined && { before }) });
    },
    close: async () => {
      shared.places.close();
      await Promise.all([...shared.live.values()].map((agent) => agent.close()));
    },
  };
}

async function begin(shared: Shared, request: AgentRequest): Promise<AgentBegin> {
  const { clock, node, storage, hooks, newId, places } = shared;
  const { tenant = DEFAULT_TENANT, messages, maxSteps = STEPS_DEFAULT } = request;
  const refusal = shared.refuseMessages(messages) ?? refuseSteps(maxSteps) ?? places.take(tenant);
  if (refusal !== undefined) return { ok: false, error: refusal };
  const wallTime = clock.wallTime();
  const run = newRun({ id: newId(wallTime), created_at: isoTime(wallTime) }, request);
  const isStored = await storage.addAgentRun({ run, node, messages: null }).then(
    () => true,
    () => false,
  );
  if (!isStored) return leave(shared, tenant, callError('STORAGE_UNAVAILABLE'));
  const asked = await hooks.before(run, messages);
  const { entered } = asked;
  const agent = open(shared, run, { ...request, messages: asked.ok ? asked.messages : messages, entered });
  if (asked.ok) return { ok: true, agent };
  return { ok: false, error: asked.error, run: await agent.end({ kind: 'failed', error: asked.error }) };
}

async function resume(shared: Shared, resumption: AgentResumption): Promise<AgentBegin> {
  const { storage, node, hooks, places } = shared;
  const { tenant = DEFAULT_TENANT, decisions, timeoutMs, signal } = resumption;
  const refusal = places.take(tenant);
  if (refusal !== undefined) return { ok: false, error: refusal };
  try {
    const row = await find(storage, resumption);
    if (row === undefined) return leave(shared, tenant, callError('AGENT_RUN_NOT_FOUND'));
    const unfit = refuseDecisions(row.run, decisions);
    if (unfit !== undefined) return leave(shared, tenant, unfit);
    const run = decided(row.run, decisions);
    const isOurs = await storage.changeAgentRun({ run, node, messages: null }, ['awaiting_approval']);
    if (!isOurs) return leave(shared, tenant, callError('AGENT_RUN_SETTLED'));
    const goingOn = { messages: row.messages ?? [], decisions, timeoutMs, signal, entered: hooks.entered(run) };
    return { ok: true, agent: open(shared, run, goingOn) };
  } catch {
    return leave(shared, tenant, callError('STORAGE_UNAVAILABLE'));
  }
}

/** Gives the place back of a run that does not begin. */
function leave({ places }: Shared, tenant: string, error: CallError): AgentBegin {
  places.leave(tenant);
  return { ok: false, error };
}

type Opening = Pick<AgentRequest, 'messages' | 'decisions' | 'timeoutMs' | 'signal'> &
  Pick<RunningAgentOptions, 'entered'>;

/** Makes it stop at its time and with its caller, and gives its place back when it has. */
function open(shared: Shared, run: AgentRun, opening: Opening): RunningAgent {
  const { clock, log, node, hooks, storage, keep, live, places, startTimer } = shared;
  const { messages, decisions = [], entered, timeoutMs = Number.POSITIVE_INFINITY, signal } = opening;
  const agent = new RunningAgent({
    ...{ run, node, messages, decisions, entered, clock, log, hooks, storage, keep },
    didStop: (stopped) => {
      cancelTimer();
      signal?.removeEventListener('abort', onAbort);
      live.delete(run.id);
      places.leave(run.tenant_id);
      shared.didStop(stopped, agent.durationMs);
    },
  });
  const allowed = Math.min(timeoutMs, LIMITS.agent_run_ms.value);
  const limit = { name: 'timeout_ms', allowed, observed: allowed, unit: 'ms' };
  const cancelTimer = startTimer(allowed, () => agent.abort(callError('AGENT_RUN_TIMEOUT', { limit })));
  const onAbort = (): void => agent.abort(callError('CALL_CANCELLED'));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  live.set(run.id, agent);
  return agent;
}

async function cancel({ live, storage, clock }: Shared, which: Which): Promise<AgentRun | undefined> {
  const error = callError('CALL_CANCELLED');
  const here = live.get(which.id);
  if (here?.run.tenant_id === (which.tenant ?? DEFAULT_TENANT)) {
    here.abort(error);
    return here.end({ kind: 'failed', error });
  }
  const row = await find(storage, which);
  if (row === undefined || row.run.ended_at !== null) return row?.run;
  const ended_at = isoTime(clock.wallTime());
  const run: AgentRun = { ...row.run, status: 'cancelled', approvals: [], error, ended_at };
  const isOurs = await storage.changeAgentRun({ ...row, run, messages: null }, ['running', 'awaiting_approval']);
  return isOurs ? run : (await storage.getAgentRun(run))?.run;
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** What is no id is the id of no run. */
async function find(storage: AgentStorage, { tenant = DEFAULT_TENANT, id }: Which): Promise<AgentRunRow | undefined> {
  return UUID.test(id) ? storage.getAgentRun({ tenant_id: tenant, id }) : undefined;
}

function newRun(born: Pick<AgentRun, 'id' | 'created_at'>, request: AgentRequest): AgentRun {
  const { tenant = DEFAULT_TENANT, backend = null, maxSteps = STEPS_DEFAULT, budget = {} } = request;
  return {
    ...{ tenant_id: tenant, status: 'running', stop_reason: null, backend, max_steps: maxSteps, budget },
    ...{ text: '', steps: [], approvals: [], usage: { input_tokens: 0, output_tokens: 0 }, cost_usd: 0, error: null },
    ...{ ...born, ended_at: null },
  };
}

function refuseSteps(steps: number): CallError | undefined {
  const most = LIMITS.agent_steps.value;
  if (Number.isSafeInteger(steps) && steps >= 1 && steps <= most) return undefined;
  return callError('REQUEST_INVALID', { message: `max_steps is ${steps}; expected a whole number of 1 to ${most}` });
}

function refuseDecisions(run: AgentRun, decisions: readonly ApprovalDecision[]): CallError | undefined {
  if (run.status !== 'awaiting_approval')
    return callError('AGENT_RUN_SETTLED', {
      message: `the run of the agent is ${run.status}; it waits for no approval`,
    });
  const wanted = run.approvals.map(({ id }) => id).toSorted();
  const given = decisions.map(({ id }) => id).toSorted();
  if (JSON.stringify(wanted) === JSON.stringify(given)) return undefined;
  return callError('AGENT_APPROVALS_INVALID', { message: `the run waits for decisions about ${wanted.join(', ')}` });
}

/** A run with what was decided about its tools; those that may be called have still to be. */
function decided(run: AgentRun, decisions: readonly ApprovalDecision[]): AgentRun {
  const denied = new Set(decisions.filter(({ approved }) => !approved).map(({ id }) => id));
  const last = run.steps.at(-1);
  const calls = last?.tool_calls.map((call) =>
    call.state === 'awaiting_approval' && denied.has(call.id) ? { ...call, state: 'denied' as const } : call,
  );
  const steps =
    last === undefined || calls === undefined ? run.steps : [...run.steps.slice(0, -1), { ...last, tool_calls: calls }];
  return { ...run, status: 'running', approvals: [], steps };
}
