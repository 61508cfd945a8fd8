/**
 * Real runs over HTTP: a scripted model in its sandbox asks for tools in theirs.
 */
import { LIMITS, type AgentRun } from '@bulkhead/protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { exchange } from '../server-fixture.ts';
import { ADDS, startAgentServer, type AgentServer } from './agents.fixture.ts';

let server: AgentServer;

beforeAll(async () => {
  server = await startAgentServer();
  await server.install(
    'vault',
    `let opened = 0;
     export default { tools: [
       { name: 'open', description: 'Opens it.', needsApproval: true, parameters: { type: 'object' }, execute: () => (opened += 1) },
       { name: 'count', description: 'How often it was opened.', parameters: { type: 'object' }, execute: () => opened },
       { name: 'wait', description: 'Waits.', parameters: { type: 'object' }, execute: (_, { signal }) =>
         new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('left')))) },
     ] };`,
  );
});
beforeEach(() => server.script(ADDS));
afterAll(() => server[Symbol.asyncDispose]());

const read = async (id: string): Promise<AgentRun> =>
  (await (await server.ask(`/v1/agents/runs/${id}`, { method: 'GET' })).json()) as AgentRun;

const opens = async (): Promise<unknown> => {
  const outcome = await server.host.call({ plugin: 'vault', tool: 'count' });
  return outcome.ok ? outcome.value : outcome.error;
};

test('a prompt is answered with the tenant’s tools, and the run says step by step how', async () => {
  const { status, run, call } = await server.run({ prompt: 'What is 2 + 3?' });
  expect(status).toBe(200);
  expect(run).toMatchObject({
    ...{ id: call.call_id, tenant_id: 'default', status: 'completed', stop_reason: 'answered', text: 'It is 5.' },
    steps: [
      {
        ...{ text: 'I add.', backend: 'mock' },
        tool_calls: [{ name: 'calculator__add', params: { a: 2, b: 3 }, state: 'ok', value: { result: 5 } }],
      },
      { text: 'It is 5.', tool_calls: [] },
    ],
  });
  expect(run.usage.input_tokens).toBeGreaterThan(0);
  expect(run.steps[0]?.tool_calls[0]?.call_id).toMatch(/^[\da-f-]{36}$/);
  expect(await read(run.id)).toEqual(run);
});

test('runs are listed newest first, a page at a time', async () => {
  const first = await server.run({ prompt: 'one' });
  const second = await server.run({ prompt: 'two' });
  const list = async (query: string): Promise<readonly string[]> => {
    const runs = (await (await server.ask(`/v1/agents/runs${query}`, { method: 'GET' })).json()) as AgentRun[];
    return runs.map(({ id }) => id);
  };
  expect(await list('?limit=2')).toEqual([second.run.id, first.run.id]);
  expect((await list(`?before=${second.run.id}&limit=1`))[0]).toBe(first.run.id);
  expect(await list('?before=no-run')).toEqual([]);
  expect((await server.ask('/v1/agents/runs?limit=x', { method: 'GET' })).status).toBe(400);
});

test('a chat is taken with its system message, its tools’ results and instructions ahead of it', async () => {
  await server.script([]); // It echoes its last message.
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Add.' },
    { role: 'assistant', content: '', tool_calls: [{ id: 'c1', name: 'calculator__add', arguments: { a: 1, b: 1 } }] },
    { role: 'tool', tool_call_id: 'c1', tool_name: 'calculator__add', content: '{"result":2}' },
    { role: 'user', content: 'and now?' },
  ];
  expect((await server.run({ messages, instructions: 'Be kind.' })).run).toMatchObject({ text: 'and now?' });
  expect(await server.run({ messages: [{ role: 'user', text: 'x' }] })).toMatchObject({
    ...{ status: 400, error: { kind: 'invalid_input', code: 'LLM_REQUEST_INVALID' } },
  });
});

test('what is no request is refused, with what was expected', async () => {
  const message = 'expected either `prompt` or `messages`';
  for (const body of [{}, { prompt: 'x', messages: [{ role: 'user', content: 'y' }] }])
    expect(await server.run(body)).toMatchObject({ status: 400, error: { code: 'REQUEST_INVALID', message } });
  for (const body of [
    { prompt: 'x', max_steps: 0 },
    { prompt: 'x', max_steps: 101 },
    { prompt: 'x', model: 'y' },
  ])
    expect(await server.run(body)).toMatchObject({ status: 400, error: { code: 'REQUEST_INVALID' } });
  expect(await server.run({ prompt: 'x', backend: 'none' })).toMatchObject({
    ...{ status: 404, error: { code: 'LLM_BACKEND_NOT_FOUND' } },
  });
});

test('a model that goes on asking is stopped after its steps, and at its budget', async () => {
  const asks = { text: '', tool_calls: [{ name: 'calculator__add', arguments: { a: 1, b: 1 } }] };
  await server.script([{ ...asks, usage: { input_tokens: 40, output_tokens: 10 } }]);
  const bySteps = await server.run({ prompt: 'go', max_steps: 3 });
  expect(bySteps.run).toMatchObject({ status: 'completed', stop_reason: 'step_limit' });
  expect(bySteps.run.steps).toHaveLength(3);
  const byTokens = await server.run({ prompt: 'go', budget: { tokens: 100 } });
  expect(byTokens.run).toMatchObject({
    status: 'completed',
    stop_reason: 'budget',
    usage: { input_tokens: 80, output_tokens: 20 },
  });
  const usage = { input_tokens: 40, output_tokens: 10, cost_usd: 0.25 };
  await server.script([{ ...asks, usage }]);
  const byDollars = await server.run({ prompt: 'go', budget: { usd: 0.5 } });
  expect(byDollars.run).toMatchObject({ stop_reason: 'budget', cost_usd: 0.5 });
  expect((await server.run({ prompt: 'go' })).run.steps).toHaveLength(20);
});

test('the tenant’s own budget for language models ends a run over quota', async () => {
  const { id: tenant } = await server.host.tenants.create({ name: 'poor', quota: { llm_tokens_per_day: 1 } });
  const { text: token } = await server.host.tokens.issue({ tenant, role: 'operator' });
  const ask = (): Promise<Response> =>
    fetch(`${server.url}/v1/agents/runs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'go', backend: 'mock' }),
    });
  expect((await ask()).status).toBe(200); // What it used is counted behind its answers.
  await expect.poll(async () => (await ask()).status).toBe(429);
  const refused = await ask();
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ error: { code: 'LLM_BUDGET_EXCEEDED' } });
});

test('a provider that refuses ends the run with its error, and the steps before are kept', async () => {
  await server.script([ADDS[0] ?? {}, { turn: 2, fail: { message: 'no such model', status: 404 } }]);
  const { status, error, call } = await server.run({ prompt: 'go' });
  expect({ status, code: error.code }).toEqual({ status: 502, code: 'PROVIDER_REFUSED' });
  const kept = await read(call.call_id);
  expect(kept).toMatchObject({ status: 'failed', error: { code: 'PROVIDER_REFUSED' } });
  expect(kept.steps.map(({ text }) => text)).toEqual(['I add.']);
});

test('a tool that fails, and one that there is not, are told to the model, which goes on', async () => {
  const calls = [
    { id: 'c1', name: 'calculator__divide', arguments: { a: 1, b: 0 } },
    { id: 'c2', name: 'no_such__tool', arguments: {} },
    { id: 'c3', name: 'calculator__add', arguments: { a: 'one' } },
  ];
  await server.script([
    { turn: 1, text: '', tool_calls: calls },
    { turn: 2, text: 'I see.' },
  ]);
  const { run } = await server.run({ prompt: 'go' });
  expect(run.text).toBe('I see.');
  expect(run.steps[0]?.tool_calls).toMatchObject([
    { id: 'c1', state: 'failed', error: { kind: 'tool_error' } },
    { id: 'c2', state: 'failed', error: { code: 'TOOL_NOT_FOUND' } },
    { id: 'c3', state: 'failed', error: { code: 'PARAMS_INVALID' } },
  ]);
});

test('of plugins that are named the model sees the tools, and of no other', async () => {
  expect((await server.run({ prompt: 'go', plugins: ['vault'] })).run.steps[0]?.tool_calls).toMatchObject([
    { name: 'calculator__add', state: 'failed', error: { code: 'TOOL_NOT_FOUND' } },
  ]);
});

const OPENS = [
  {
    turn: 1,
    text: 'May I?',
    tool_calls: [
      { id: 'c1', name: 'vault__open', arguments: {} },
      { id: 'c2', name: 'calculator__add', arguments: { a: 1, b: 1 } },
    ],
  },
  { turn: 2, match: 'never', text: 'Then not.' },
  { turn: 2, text: 'It is open.' },
];

test('a tool that needs approval waits for it; approved it is called, and the run goes on', async () => {
  await server.script(OPENS);
  const before = await opens();
  const waiting = await server.run({ prompt: 'Open it.' });
  expect(waiting).toMatchObject({
    status: 200,
    run: { status: 'awaiting_approval', approvals: [{ id: 'c1', name: 'vault__open', params: {} }], ended_at: null },
  });
  expect(waiting.run.steps[0]?.tool_calls.map(({ state }) => state)).toEqual(['awaiting_approval', 'ok']);
  expect(await opens()).toBe(before);
  const path = `/v1/agents/runs/${waiting.run.id}/approvals`;
  const wrong = await server.ask(path, { body: { approvals: [] } });
  expect({ status: wrong.status, body: await wrong.json() }).toMatchObject({
    ...{ status: 400, body: { error: { code: 'AGENT_APPROVALS_INVALID' } } },
  });
  const body = { approvals: [{ id: 'c1', approved: true }] };
  const answer = await server.ask(path, { body });
  expect(await answer.json()).toMatchObject({
    ok: true,
    value: {
      ...{ id: waiting.run.id, status: 'completed', text: 'It is open.', approvals: [] },
      steps: [
        {
          tool_calls: [
            { id: 'c1', state: 'ok' },
            { id: 'c2', state: 'ok' },
          ],
        },
        { text: 'It is open.' },
      ],
    },
  });
  expect(await opens()).toBe(Number(before) + 1);
  const again = await server.ask(path, { body });
  expect({ status: again.status, body: await again.json() }).toMatchObject({
    ...{ status: 409, body: { error: { code: 'AGENT_RUN_SETTLED' } } },
  });
});

test('a tool that is refused is never called, and the model is told why', async () => {
  await server.script(OPENS);
  const before = await opens();
  const { run } = await server.run({ prompt: 'Open it.' });
  const body = { approvals: [{ id: 'c1', approved: false, reason: 'never on a Monday' }] };
  const answer = await server.ask(`/v1/agents/runs/${run.id}/approvals`, { body });
  expect(await answer.json()).toMatchObject({
    value: { text: 'Then not.', steps: [{ tool_calls: [{ id: 'c1', state: 'denied' }, {}] }, {}] },
  });
  expect(await opens()).toBe(before);
});

const WAITS = [{ text: '', tool_calls: [{ name: 'vault__wait', arguments: {} }] }];
const isWaiting = (): boolean => server.host.health('vault')?.state === 'RUNNING';

test('a run that is cancelled ends with its tool, and is answered as cancelled', async () => {
  await server.script(WAITS);
  const answer = server.run({ prompt: 'go' });
  await expect.poll(isWaiting).toBe(true);
  const [running] = await server.host.agents.list({ rowsMax: 1 });
  const id = running?.id ?? '';
  const cancelled = await server.ask(`/v1/agents/runs/${id}/cancel`);
  expect(await cancelled.json()).toMatchObject({ id, status: 'cancelled' });
  expect(await answer).toMatchObject({ status: 499, error: { code: 'CALL_CANCELLED' }, call: { call_id: id } });
  await expect.poll(isWaiting).toBe(false);
  expect((await server.ask('/v1/agents/runs/no-run/cancel')).status).toBe(404);
});

test('a client that goes away ends its run', async () => {
  await server.script(WAITS);
  const leaving = new AbortController();
  const asked = fetch(`${server.url}/v1/agents/runs`, {
    method: 'POST',
    headers: { authorization: 'Bearer a-platform-token-that-is-long-enough', 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'go', backend: 'mock' }),
    signal: leaving.signal,
  });
  await expect.poll(isWaiting).toBe(true);
  leaving.abort();
  await expect(asked).rejects.toThrow('abort');
  await expect.poll(isWaiting).toBe(false);
  await expect.poll(async () => (await server.host.agents.list({ rowsMax: 1 }))[0]?.status).toBe('cancelled');
});

test('a run has a time, and what it came to is kept', async () => {
  await server.script(WAITS);
  expect(await server.run({ prompt: 'go', timeout_ms: 1_500 })).toMatchObject({
    ...{ status: 504, error: { kind: 'timeout', code: 'AGENT_RUN_TIMEOUT', limit: { allowed: 1_500 } } },
  });
});

test('without a token there is no run, and no trace of one', async () => {
  const bytes = 'POST /v1/agents/runs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
  const answer = await exchange(server.port, bytes);
  expect(answer).toContain('HTTP/1.1 401');
  expect(answer).toContain('"target":"agents/runs"');
  expect((await fetch(`${server.url}/v1/agents/runs`)).status).toBe(401);
});

test('a tenant has so many runs at a time; the next is told to wait', async () => {
  const prompt = [{ role: 'user', content: 'x' }] as const;
  const held = await Promise.all(
    Array.from({ length: LIMITS.agent_runs.value }, () => server.host.agents.begin({ messages: prompt })),
  );
  expect(await server.run({ prompt: 'go' })).toMatchObject({ status: 429, error: { code: 'AGENT_RUNS_FULL' } });
  for (const begun of held) if (begun.ok) await begun.agent.end({ kind: 'completed', reason: 'answered' });
  expect((await server.run({ prompt: 'go' })).status).toBe(200);
});

test('each run is one line of the log, without what was asked or said', async () => {
  const { run } = await server.run({ prompt: 'a secret question' });
  const lines = server.logged.filter(({ message }) => message === 'agent run');
  expect(lines.at(-1)?.fields).toMatchObject({ tenant: 'default', run_id: run.id, status: 'completed', steps: 2 });
  expect(JSON.stringify(server.logged)).not.toContain('secret question');
});
