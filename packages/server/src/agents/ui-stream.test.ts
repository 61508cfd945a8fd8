/**
 * Runs as the AI SDK's own chat transport reads them.
 */
import type { AgentRun } from '@bulkhead/protocol';
import { DefaultChatTransport, readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { TOKEN } from '../server-fixture.ts';
import { ADDS, startAgentServer, type AgentServer } from './agents.fixture.ts';

let server: AgentServer;

beforeAll(async () => {
  server = await startAgentServer();
  await server.install(
    'vault',
    `export default { tools: [
       { name: 'open', description: 'Opens it.', needsApproval: true, parameters: { type: 'object' }, execute: () => 'opened' },
     ] };`,
  );
});
beforeEach(() => server.script(ADDS));
afterAll(() => server[Symbol.asyncDispose]());

const user = (text: string): UIMessage => ({ id: 'u1', role: 'user', parts: [{ type: 'text', text }] });

/** Sends a chat as `useChat` does. */
async function send(messages: UIMessage[], body: object = {}) {
  const transport = new DefaultChatTransport({
    api: `${server.url}/v1/agents/runs`,
    headers: { authorization: `Bearer ${TOKEN}` },
    body: { stream: true, backend: 'mock', ...body },
  });
  return transport.sendMessages({
    ...{ chatId: 'chat', trigger: 'submit-message', messageId: undefined, abortSignal: undefined },
    messages,
  });
}

async function chunksOf(stream: ReadableStream<UIMessageChunk>): Promise<readonly UIMessageChunk[]> {
  const chunks: UIMessageChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** Reads a stream as chunks, and as the message that a client shows. */
async function read(stream: ReadableStream<UIMessageChunk>, before?: UIMessage) {
  const [one, other] = stream.tee();
  const chunks = await chunksOf(one);
  let message: UIMessage | undefined;
  for await (const state of readUIMessageStream({ stream: other, ...(before !== undefined && { message: before }) }))
    message = state;
  if (message === undefined) throw new Error('there is no message');
  return { chunks, message };
}

function runIn(chunks: readonly UIMessageChunk[]): AgentRun {
  const part = chunks.find(({ type }) => type === 'data-run');
  return (part as unknown as { readonly data: AgentRun }).data; // As the server promises.
}

test('a run is told as it comes, under its id, and ends with what it came to', async () => {
  const { chunks, message } = await read(await send([user('What is 2 + 3?')]));
  const run = runIn(chunks);
  expect(run).toMatchObject({ status: 'completed', text: 'It is 5.', steps: [{}, {}] });
  expect(message).toMatchObject({
    ...{ id: run.id, role: 'assistant' },
    parts: [
      { type: 'step-start' },
      { type: 'text', text: 'I add.', state: 'done' },
      {
        type: 'dynamic-tool',
        toolName: 'calculator__add',
        state: 'output-available',
        input: { a: 2, b: 3 },
        output: { result: 5 },
      },
      { type: 'step-start' },
      { type: 'text', text: 'It is 5.', state: 'done' },
    ],
  });
  expect(chunks.at(-1)).toEqual({ type: 'finish', finishReason: 'stop' });
  expect(chunks.filter(({ type }) => type === 'text-delta').length).toBeGreaterThan(2); // Word by word.
});

test('its head and its last event are those of the protocol', async () => {
  const response = await server.ask('/v1/agents/runs', { body: { prompt: 'go', backend: 'mock', stream: true } });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(response.headers.get('x-vercel-ai-ui-message-stream')).toBe('v1');
  const lines = (await response.text()).split('\n\n').filter((line) => line !== '');
  expect(lines.at(-1)).toBe('data: [DONE]');
  expect(lines.every((line) => line.startsWith('data: '))).toBe(true);
});

test('what is refused before anything is said has its status and its outcome', async () => {
  const response = await server.ask('/v1/agents/runs', { body: { prompt: 'go', backend: 'none', stream: true } });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ ok: false, error: { code: 'LLM_BACKEND_NOT_FOUND' } });
});

test('a run that fails on its way says so in the stream', async () => {
  await server.script([ADDS[0] ?? {}, { turn: 2, fail: { message: 'no such model', status: 404 } }]);
  const chunks = await chunksOf(await send([user('go')]));
  const errors = chunks.filter(({ type }) => type === 'error');
  expect(errors).toMatchObject([{ errorText: expect.stringContaining('no such model (PROVIDER_REFUSED)') as string }]);
  expect(runIn(chunks)).toMatchObject({ status: 'failed', error: { code: 'PROVIDER_REFUSED' } });
  expect(chunks.at(-1)).toEqual({ type: 'finish', finishReason: 'error' });
});

test('an approval that the client’s own chat holds is acted on when the chat comes back', async () => {
  await server.script([
    { turn: 1, text: 'May I?', tool_calls: [{ id: 'c1', name: 'vault__open', arguments: {} }] },
    { turn: 2, text: 'It is open.' },
  ]);
  const question = user('Open it.');
  const asked = await read(await send([question]));
  const part = asked.message.parts.find(({ type }) => type === 'dynamic-tool');
  if (part?.type !== 'dynamic-tool' || part.state !== 'approval-requested') throw new Error('nothing was asked');
  expect(runIn(asked.chunks).status).toBe('awaiting_approval');
  const { id } = part.approval;
  const approved = { ...part, state: 'approval-responded' as const, approval: { id, approved: true } };
  const parts = asked.message.parts.map((each) => (each === part ? approved : each));
  const answer = { ...asked.message, parts } as UIMessage;
  const { chunks } = await read(await send([question, answer]), answer);
  expect(chunks.find(({ type }) => type === 'tool-output-available')).toMatchObject({
    toolCallId: 'c1',
    output: 'opened',
  });
  expect(runIn(chunks)).toMatchObject({ status: 'completed', text: 'It is open.' });
});

test('a chat of several turns is understood: what was said and what tools answered', async () => {
  const first = await read(await send([user('What is 2 + 3?')]));
  await server.script([]); // It echoes its last message.
  const { message } = await read(
    await send([user('What is 2 + 3?'), first.message, { ...user('and then?'), id: 'u2' }]),
  );
  expect(message.parts.at(-1)).toMatchObject({ type: 'text', text: 'and then?' });
});

test('a message with parts that are none of the protocol’s is refused', async () => {
  const messages = [{ role: 'user', parts: [{ type: 'text' }] }];
  const response = await server.ask('/v1/agents/runs', { body: { messages, stream: true } });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { code: 'REQUEST_INVALID' } });
});

test('a chat with a file is refused before anything is asked: no model is given any', async () => {
  const parts = [
    { type: 'text', text: 'What is this?' },
    { type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,AA==' },
  ];
  const body = { messages: [{ role: 'user', parts }], stream: true };
  const response = await server.ask('/v1/agents/runs', { body });
  expect({ status: response.status, said: await response.json() }).toMatchObject({
    status: 400,
    said: { error: { message: expect.stringContaining('language models are asked with text alone') as string } },
  });
});
