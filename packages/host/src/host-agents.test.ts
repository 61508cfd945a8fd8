/**
 * Runs of agents as their host keeps them, driven here by hand: what a model and its tools would have said is told.
 */
import { join } from 'node:path';
import { callError, LIMITS, type AgentRun, type ChatToolCall, type Outcome } from '@bulkhead/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';
import type { AgentRequest } from './agents/agents.ts';
import type { AgentStepTold, RunningAgent } from './agents/running-agent.ts';
import { createFailingStorage, type FailingStorage } from './storage/failing.ts';
import { createMemoryStorage } from './storage/memory.ts';

let folders: PluginFolders;
let storage: FailingStorage;
let host: Host;

beforeEach(async () => {
  folders = await createPluginFolders();
  storage = createFailingStorage({ ...createMemoryStorage(), close: async () => undefined });
  host = await start();
});

afterEach(async () => {
  storage.mend();
  await host.close();
  await folders[Symbol.asyncDispose]();
});

/** Starts a host on what the one before has left. */
const start = (options: HostOptions = {}): Promise<Host> =>
  openTestHost({ dataDir: join(folders.root, 'data'), storage, ...options });

const PROMPT = [{ role: 'user', content: 'What is 2 + 3?' }] as const;

async function begin(more: Partial<AgentRequest> = {}, at = host): Promise<RunningAgent> {
  const begun = await at.agents.begin({ messages: PROMPT, ...more });
  if (!begun.ok) throw new Error(begun.error.message);
  return begun.agent;
}

async function refusalOf(begun: ReturnType<Host['agents']['begin']>) {
  const answer = await begun;
  return answer.ok ? undefined : { code: answer.error.code, message: answer.error.message };
}

const ADD: ChatToolCall = { id: 'c1', name: 'calculator__add', arguments: { a: 2, b: 3 } };
const DIVIDE: ChatToolCall = { id: 'c2', name: 'calculator__divide', arguments: { a: 2, b: 0 } };

function told(more: Partial<AgentStepTold> = {}): AgentStepTold {
  return {
    ...{ text: '', reasoning: '', toolCalls: [], awaiting: [], backend: 'mock', costUsd: 0.5 },
    usage: { input_tokens: 10, output_tokens: 2 },
    ...more,
  };
}

const REPORT: Outcome['call'] = {
  ...{ call_id: 'call-1', plugin: 'calculator', version: '1.0.0', digest: null, tenant: 'default', target: 'add' },
  ...{ instance_id: null, tier: null, duration_ms: 1, queue_ms: 0, cpu_ms: null, peak_rss_bytes: null },
  ...{ stdout: '', stderr: '' },
};
const FIVE: Outcome = { ok: true, value: { result: 5 }, call: REPORT };
const get = async (id: string, tenant?: string): Promise<AgentRun | undefined> =>
  host.agents.get({ id, ...(tenant !== undefined && { tenant }) });

test('a run is stored from its beginning, has its steps as they come, and ends with its last answer', async () => {
  const agent = await begin({ backend: 'mock', maxSteps: 3, budget: { tokens: 100 } });
  expect(await get(agent.run.id)).toMatchObject({ status: 'running', backend: 'mock', max_steps: 3, steps: [] });
  agent.didCall('c1', FIVE);
  agent.didStep(told({ text: 'I add.', toolCalls: [ADD] }));
  await expect.poll(async () => (await get(agent.run.id))?.steps.length).toBe(1);
  agent.didStep(told({ text: 'It is 5.' }));
  const run = await agent.end({ kind: 'completed', reason: 'answered' });
  expect(run).toMatchObject({
    ...{ status: 'completed', stop_reason: 'answered', text: 'It is 5.', error: null, cost_usd: 1 },
    usage: { input_tokens: 20, output_tokens: 4 },
    steps: [
      { text: 'I add.', tool_calls: [{ id: 'c1', state: 'ok', value: { result: 5 }, call_id: 'call-1' }] },
      { text: 'It is 5.', tool_calls: [] },
    ],
  });
  expect(await get(run.id)).toEqual(run);
});

test('a tool that failed is kept with its code, one that is none as not found, and a large value is left out', async () => {
  const agent = await begin();
  const large: Outcome = { ok: true, value: 'x'.repeat(LIMITS.agent_value_bytes.value), call: REPORT };
  agent.didCall('c1', large);
  agent.didCall('c2', { ok: false, error: callError('PLUGIN_THREW', { message: 'by zero' }), call: REPORT });
  agent.didStep(told({ toolCalls: [ADD, DIVIDE, { ...ADD, id: 'c3', name: 'no_such__tool' }] }));
  expect(agent.run.steps[0]?.tool_calls).toMatchObject([
    { id: 'c1', state: 'ok', value: null, is_clipped: true },
    { id: 'c2', state: 'failed', error: { kind: 'tool_error', code: 'PLUGIN_THREW', message: 'by zero' } },
    { id: 'c3', state: 'failed', error: { kind: 'not_found', code: 'TOOL_NOT_FOUND' }, call_id: null },
  ]);
  await agent.end({ kind: 'completed', reason: 'answered' });
});

test('a run ends once: whoever ends it later is answered how it ended', async () => {
  const agent = await begin();
  const [first, second] = await Promise.all([
    agent.end({ kind: 'completed', reason: 'step_limit' }),
    agent.end({ kind: 'failed', error: callError('LLM_UNAVAILABLE') }),
  ]);
  expect(second).toBe(first);
  agent.didStep(told());
  expect(await get(agent.run.id)).toMatchObject({ status: 'completed', stop_reason: 'step_limit', steps: [] });
});

test('its budget is used up by tokens in and out, or by dollars', async () => {
  const [byTokens, byDollars, free] = [
    await begin({ budget: { tokens: 24 } }),
    await begin({ budget: { usd: 1 } }),
    await begin(),
  ];
  for (const agent of [byTokens, byDollars, free]) agent.didStep(told());
  expect([byTokens, byDollars, free].map(({ isSpent }) => isSpent)).toEqual([false, false, false]);
  for (const agent of [byTokens, byDollars, free]) agent.didStep(told());
  expect([byTokens, byDollars, free].map(({ isSpent }) => isSpent)).toEqual([true, true, false]);
});

test('a caller who aborts, and a time that passes, abort a run; its failure says which', async () => {
  const caller = new AbortController();
  const left = await begin({ signal: caller.signal });
  expect(left.signal.aborted).toBe(false);
  caller.abort();
  expect(left.signal.aborted).toBe(true);
  expect(left.failure).toMatchObject({ code: 'CALL_CANCELLED' });
  expect(await begin({ signal: caller.signal })).toMatchObject({ failure: { code: 'CALL_CANCELLED' } });
  const late = await begin({ timeoutMs: 1 });
  await expect.poll(() => late.failure).toMatchObject({ code: 'AGENT_RUN_TIMEOUT', limit: { allowed: 1 } });
  const run = await late.end({ kind: 'failed', error: callError('AGENT_RUN_TIMEOUT') });
  expect(run).toMatchObject({ status: 'failed', error: { kind: 'timeout' } });
});

test('a run that is cancelled has ended, its driver is told by its signal, and cancelling again changes nothing', async () => {
  const agent = await begin({ tenant: 'acme' });
  expect(await host.agents.cancel({ id: agent.run.id })).toBeUndefined(); // Another tenant's.
  expect(agent.signal.aborted).toBe(false);
  const cancelled = await host.agents.cancel({ tenant: 'acme', id: agent.run.id });
  expect(cancelled).toMatchObject({ status: 'cancelled', error: { code: 'CALL_CANCELLED' } });
  expect(agent.signal.aborted).toBe(true);
  expect(await agent.end({ kind: 'completed', reason: 'answered' })).toEqual(cancelled);
  expect(await host.agents.cancel({ tenant: 'acme', id: agent.run.id })).toEqual(cancelled);
});

test('a run that another node cancels is aborted at its next step, and stays cancelled', async () => {
  const agent = await begin();
  const other = await openTestHost({ dataDir: join(folders.root, 'other'), storage });
  expect(await other.agents.cancel({ id: agent.run.id })).toMatchObject({ status: 'cancelled' });
  agent.didStep(told());
  await expect.poll(() => agent.signal.aborted).toBe(true);
  expect(await agent.end({ kind: 'completed', reason: 'answered' })).toMatchObject({ status: 'cancelled' });
  await other.close();
});

test('a run waits for approvals and goes on with them once, on any node', async () => {
  const agent = await begin();
  agent.didStep(told({ toolCalls: [ADD, DIVIDE], awaiting: ['c1', 'c2'] }));
  const asked = [...PROMPT, { role: 'assistant', content: '', tool_calls: [ADD, DIVIDE] }] as const;
  const waiting = await agent.end({ kind: 'awaiting_approval', messages: asked });
  const { id } = waiting;
  expect(waiting).toMatchObject({
    ...{ status: 'awaiting_approval', ended_at: null },
    approvals: [
      { id: 'c1', name: 'calculator__add', params: { a: 2, b: 3 } },
      { id: 'c2', name: 'calculator__divide', params: { a: 2, b: 0 } },
    ],
  });
  await host.close();
  host = await start();
  const yes = { id: 'c1', approved: true };
  expect(await refusalOf(host.agents.resume({ id, decisions: [yes] }))).toEqual({
    code: 'AGENT_APPROVALS_INVALID',
    message: 'the run waits for decisions about c1, c2',
  });
  const decisions = [{ id: 'c2', approved: false, reason: 'never by zero' }, yes];
  expect(await refusalOf(host.agents.resume({ id, decisions, tenant: 'other' }))).toMatchObject({
    code: 'AGENT_RUN_NOT_FOUND',
  });
  const [one, two] = await Promise.all([1, 2].map(() => host.agents.resume({ id, decisions })));
  const resumed = one?.ok === true ? one : two;
  expect([one, two].filter((begun) => begun?.ok === true)).toHaveLength(1);
  if (resumed?.ok !== true) throw new Error('nobody goes on');
  expect(resumed.agent.messages).toEqual(asked);
  expect(resumed.agent.decisions).toEqual(decisions);
  expect(resumed.agent.run.steps[0]?.tool_calls.map(({ state }) => state)).toEqual(['awaiting_approval', 'denied']);
  resumed.agent.didCall('c1', FIVE);
  resumed.agent.didStep(told({ text: 'Five.' }));
  expect(await resumed.agent.end({ kind: 'completed', reason: 'answered' })).toMatchObject({
    status: 'completed',
    steps: [{ tool_calls: [{ state: 'ok', value: { result: 5 } }, { state: 'denied' }] }, { text: 'Five.' }],
  });
  expect(await refusalOf(host.agents.resume({ id, decisions }))).toEqual({
    code: 'AGENT_RUN_SETTLED',
    message: 'the run of the agent is completed; it waits for no approval',
  });
});

test('what cannot be a run is refused and not stored', async () => {
  const refuse = async (more: Partial<AgentRequest>) =>
    (await refusalOf(host.agents.begin({ messages: PROMPT, ...more })))?.code;
  expect(await refuse({ messages: [] })).toBe('LLM_REQUEST_INVALID');
  for (const maxSteps of [0, 1.5, LIMITS.agent_steps.value + 1])
    expect(await refuse({ maxSteps })).toBe('REQUEST_INVALID');
  storage.fail();
  expect(await refuse({})).toBe('STORAGE_UNAVAILABLE');
  storage.mend();
  expect(await host.agents.list({ rowsMax: 10 })).toEqual([]);
  expect(await host.agents.get({ id: 'no id' })).toBeUndefined();
});

test('a tenant has so many runs at a time and no more, and a place again when one has ended', async () => {
  const agents = await Promise.all(Array.from({ length: LIMITS.agent_runs.value }, () => begin({ tenant: 'busy' })));
  const refused = await host.agents.begin({ messages: PROMPT, tenant: 'busy' });
  expect(refused).toMatchObject({
    error: { code: 'AGENT_RUNS_FULL', kind: 'over_quota', limit: { name: 'agent_runs', observed: 64 } },
  });
  await (await begin()).end({ kind: 'completed', reason: 'answered' }); // Another tenant's.
  await agents[0]?.end({ kind: 'completed', reason: 'answered' });
  await begin({ tenant: 'busy' });
});

test('an end that the storage cannot take is answered, and stored once it is there again', async () => {
  const agent = await begin();
  storage.fail();
  const run = await agent.end({ kind: 'completed', reason: 'answered' });
  expect(run.status).toBe('completed');
  storage.mend();
  await expect.poll(() => get(run.id)).toEqual(run);
});

test('a host that closes ends its runs, and one that was killed has them ended at its next start', async () => {
  const closed = await begin();
  await host.close();
  expect(closed.failure).toMatchObject({ code: 'HOST_CLOSED' });
  expect(await closed.end({ kind: 'completed', reason: 'answered' })).toMatchObject({
    status: 'failed',
    error: { kind: 'host_restart', code: 'HOST_CLOSED' },
  });
  host = await start();
  expect(await get(closed.run.id)).toMatchObject({ status: 'failed', error: { code: 'HOST_CLOSED' } });
  const killed = await begin();
  const nextNode = { ...storage, close: async () => undefined };
  storage.fail(); // What the killed host would write comes nowhere.
  await host.close();
  storage.mend();
  host = await openTestHost({ dataDir: join(folders.root, 'data'), storage: nextNode });
  expect(await get(killed.run.id)).toMatchObject({
    status: 'failed',
    error: { kind: 'host_restart', message: 'the server ended while the agent ran' },
  });
});

test('runs are listed newest first and one tenant’s alone; metrics count how they ended', async () => {
  const ends = ['answered', 'step_limit'] as const;
  const ids: string[] = [];
  for (const reason of ends) ids.push((await (await begin({ tenant: 'acme' })).end({ kind: 'completed', reason })).id);
  await (await begin()).end({ kind: 'failed', error: callError('LLM_UNAVAILABLE') });
  expect((await host.agents.list({ tenant: 'acme', rowsMax: 10 })).map(({ id }) => id)).toEqual(ids.toReversed());
  const [older, newer] = ids;
  expect(await host.agents.list({ tenant: 'acme', rowsMax: 10, before: newer ?? '' })).toMatchObject([{ id: older }]);
  const page = await host.metrics();
  expect(page).toContain('agent_run_duration_seconds_count{status="completed"} 2');
  expect(page).toContain('agent_run_duration_seconds_count{status="failed"} 1');
});
