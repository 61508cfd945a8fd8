import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { GeneratedPiece, GenerateOptions } from '@bulkhead/protocol';
import { createOpenRouter } from '@openrouter/ai-sdk-provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMockProvider, type OpenProvider } from '../../../../test/providers/mock-provider.ts';
import { generateWith, type ModelRequest } from './generate-with.ts';
import { limitedFetch } from './limited-fetch.ts';

const KEY = 'sk-test';
let provider: OpenProvider;
beforeAll(async () => {
  provider = await openMockProvider(KEY);
});
afterAll(() => provider[Symbol.asyncDispose]());

const MODELS: Readonly<Record<string, (apiKey?: string) => LanguageModelV4>> = {
  openai_compatible: (apiKey = KEY) =>
    createOpenAICompatible({ name: 'it', baseURL: `${provider.origin}/v1`, apiKey, includeUsage: true })('model-1'),
  openrouter: (apiKey = KEY) =>
    createOpenRouter({ baseURL: `${provider.origin}/v1`, apiKey, extraBody: { usage: { include: true } } })('model-1'),
  anthropic: (apiKey = KEY) => createAnthropic({ baseURL: `${provider.origin}/v1`, apiKey })('model-1'),
};
const NAMES = Object.keys(MODELS);
const BOTH = NAMES.flatMap((name) => [true, false].map((isStreamed) => ({ name, isStreamed })));

type Asking = Partial<ModelRequest> & { readonly apiKey?: string };

async function generate(name: string, { apiKey, ...more }: Asking = {}): Promise<readonly GeneratedPiece[]> {
  const model = MODELS[name]?.(apiKey);
  if (model === undefined) throw new Error(`there is no model ${name}`);
  const signal = new AbortController().signal;
  const pieces: GeneratedPiece[] = [];
  for await (const piece of generateWith(model, { prompt: 'Say it.', options: {}, signal, ...more }))
    pieces.push(piece);
  return pieces;
}

/** As the host joins pieces. */
function joined(pieces: readonly GeneratedPiece[]) {
  const all = pieces.map((piece) => (typeof piece === 'string' ? { text: piece } : piece));
  const {
    text: _text,
    reasoning: _reasoning,
    tool_calls: _calls,
    ...rest
  } = Object.assign({}, ...all) as (typeof all)[number];
  return {
    ...rest,
    text: all.map(({ text = '' }) => text).join(''),
    reasoning: all.map(({ reasoning = '' }) => reasoning).join(''),
    tool_calls: all.flatMap(({ tool_calls = [] }) => tool_calls),
  };
}

test.each(BOTH)(
  '$name answers with text, tool calls, usage and its end; streamed: $isStreamed',
  async ({ name, isStreamed }) => {
    provider.answer({
      ...{ text: 'Let me add.', reasoning: 'Two and three.', usage: { input: 11, output: 22 } },
      toolCalls: [{ id: 'call-1', name: 'add', arguments: '{"a":2,"b":3}' }],
    });
    const pieces = await generate(name, { isStreamed });
    expect(joined(pieces)).toEqual({
      model: 'model-1',
      text: 'Let me add.',
      reasoning: 'Two and three.',
      tool_calls: [{ id: 'call-1', name: 'add', arguments: { a: 2, b: 3 } }],
      usage: { input_tokens: 11, output_tokens: 22 },
      finish_reason: 'tool_calls',
    });
    expect(pieces.filter((piece) => typeof piece === 'string')).toEqual(isStreamed ? ['Let ', 'me ', 'add.'] : []);
  },
);

const CHAT: GenerateOptions = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: '2 + 3, and 1 / 0?' },
    {
      role: 'assistant',
      content: '',
      tool_calls: [
        { id: 'c1', name: 'add', arguments: { a: 2, b: 3 } },
        { id: 'c2', name: 'divide', arguments: { a: 1, b: 0 } },
      ],
    },
    { role: 'tool', tool_call_id: 'c1', tool_name: 'add', content: '{"result":5}' },
    { role: 'tool', tool_call_id: 'c2', tool_name: 'divide', content: 'Division by zero', is_error: true },
  ],
  tools: [{ name: 'add', description: 'Adds.', parameters: { type: 'object', properties: { a: { type: 'number' } } } }],
  ...{ tool_choice: 'required', temperature: 0.2, max_tokens: 99, stop: ['END'] },
};

test('a chat with tools and their answers is told to OpenAI’s as its format has it', async () => {
  await generate('openai_compatible', { options: { ...CHAT, seed: 4 } });
  expect(provider.asked.at(-1)?.body).toMatchObject({
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: '2 + 3, and 1 / 0?' },
      {
        role: 'assistant',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":2,"b":3}' } },
          { id: 'c2', type: 'function', function: { name: 'divide', arguments: '{"a":1,"b":0}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: '{"result":5}' },
      { role: 'tool', tool_call_id: 'c2', content: 'Division by zero' },
    ],
    tools: [{ type: 'function', function: { name: 'add', description: 'Adds.', parameters: { type: 'object' } } }],
    ...{ tool_choice: 'required', temperature: 0.2, max_tokens: 99, stop: ['END'], seed: 4 },
  });
});

test('the same is told to Anthropic as its format has it', async () => {
  await generate('anthropic', { options: CHAT });
  expect(provider.asked.at(-1)?.body).toMatchObject({
    system: [{ type: 'text', text: 'Be brief.' }],
    messages: [
      { role: 'user', content: [{ type: 'text', text: '2 + 3, and 1 / 0?' }] },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'c1', name: 'add', input: { a: 2, b: 3 } },
          { type: 'tool_use', id: 'c2', name: 'divide', input: { a: 1, b: 0 } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: '{"result":5}' },
          { type: 'tool_result', tool_use_id: 'c2', content: 'Division by zero', is_error: true },
        ],
      },
    ],
    tools: [{ name: 'add', description: 'Adds.', input_schema: { type: 'object' } }],
    ...{ tool_choice: { type: 'any' }, max_tokens: 99, stop_sequences: ['END'] },
  });
});

test('what is left out is what the contract says [X000-19]', async () => {
  await generate('openai_compatible', { options: null });
  const { body } = provider.asked.at(-1) ?? { body: {} };
  expect(body).toMatchObject({
    ...{ temperature: 0.7, max_tokens: 4096, messages: [{ role: 'user', content: 'Say it.' }] },
  });
  expect(body).not.toHaveProperty('tools');
});

test.each(NAMES)('%s says why an answer ended', async (name) => {
  provider.answer({ text: 'a', finish: 'length' }, { text: 'a', finish: 'filter' }, { text: 'a' });
  const ends = [await generate(name), await generate(name), await generate(name)].map(joined);
  expect(ends.map(({ finish_reason }) => finish_reason)).toEqual(['length', 'filter', 'stop']);
});

test.each(BOTH)(
  '$name: a refusal has its status, and the seconds to wait; streamed: $isStreamed',
  async ({ name, isStreamed }) => {
    provider.answer({ refusal: { status: 429, message: 'too many', retryAfter: '7' } });
    await expect(generate(name, { isStreamed })).rejects.toMatchObject({
      ...{ name: 'ProviderError', status: 429, retryAfterMs: 7_000, message: 'the provider answered 429: too many' },
    });
    provider.answer({ refusal: { status: 503, message: 'not now' } });
    await expect(generate(name, { isStreamed })).rejects.toMatchObject({ status: 503, retryAfterMs: undefined });
    await expect(generate(name, { isStreamed, apiKey: 'wrong' })).rejects.toMatchObject({ status: 401 });
  },
);

test('the time to wait may be a date', async () => {
  provider.answer({
    refusal: { status: 503, message: 'later', retryAfter: new Date(Date.now() + 60_000).toUTCString() },
  });
  const { retryAfterMs } = await generate('anthropic').then(
    () => expect.fail('it answered'),
    (error: unknown) => error as { readonly retryAfterMs: number },
  );
  expect(retryAfterMs).toBeGreaterThan(50_000);
  expect(retryAfterMs).toBeLessThanOrEqual(60_000);
});

const BROKEN = NAMES.flatMap((name) => (['cut', 'end', 'malformed'] as const).map((kind) => ({ name, kind })));

test.each(BROKEN)(
  '$name: a stream that is broken ($kind) is told as far as it came, and fails',
  async ({ name, kind }) => {
    // Anthropic’s begins with three events that have no text.
    provider.answer({ text: 'one two three', fault: { kind, afterEvents: name === 'anthropic' ? 4 : 2 } });
    const told: GeneratedPiece[] = [];
    const model = MODELS[name]?.() ?? expect.fail();
    const all = (async () => {
      const signal = new AbortController().signal;
      for await (const piece of generateWith(model, { prompt: 'x', options: {}, signal })) told.push(piece);
    })();
    await expect(all).rejects.toMatchObject({ name: 'ProviderError', status: undefined });
    expect(told.filter((piece) => typeof piece === 'string')).toEqual(['one ']);
  },
);

test.each(NAMES)('%s: a whole answer that is cut or no JSON fails', async (name) => {
  for (const kind of ['cut', 'malformed'] as const) {
    provider.answer({ text: 'one', fault: { kind, afterEvents: 0 } });
    await expect(generate(name, { isStreamed: false })).rejects.toMatchObject({ name: 'ProviderError' });
  }
});

// OpenRouter’s library makes of such arguments an empty object, which the tool’s schema judges.
test.each(['openai_compatible', 'anthropic'])('%s: arguments of a tool that are no JSON object fail', async (name) => {
  provider.answer({ toolCalls: [{ id: 'c', name: 'add', arguments: '[1,' }] });
  await expect(generate(name)).rejects.toMatchObject({ name: 'ProviderError' });
});

test.each(NAMES)('%s: slow tokens are told as they come, and a call that is left ends the request', async (name) => {
  const gate = Promise.withResolvers<void>();
  const leaving = new AbortController();
  provider.answer({ text: 'one two', between: (index) => (index > 4 ? gate.promise : Promise.resolve()) });
  const model = MODELS[name]?.() ?? expect.fail();
  const pieces = generateWith(model, { prompt: 'x', options: {}, signal: leaving.signal });
  const texts: unknown[] = [];
  const all = (async () => {
    for await (const piece of pieces) {
      if (typeof piece === 'string') texts.push(piece);
      if (typeof piece === 'string') leaving.abort();
    }
  })();
  await expect(all).rejects.toMatchObject({ name: 'AbortError' });
  gate.resolve();
  expect(texts[0]).toBe('one ');
});

test.each([true, false])('an answer without end is ended at a bound; streamed: %s', async (isStreamed) => {
  provider.answer({ fault: { kind: 'huge' } });
  const settings = { baseURL: `${provider.origin}/v1`, apiKey: KEY, fetch: limitedFetch(3_000_000) };
  const model = createAnthropic(settings)('model-1');
  const pieces = generateWith(model, { prompt: 'x', options: {}, isStreamed, signal: new AbortController().signal });
  await expect(pieces.next()).rejects.toMatchObject({
    name: 'ProviderError',
    message: 'the provider’s answer has more than 3000000 bytes',
  });
});

test('nobody there is a provider that cannot be reached', async () => {
  const nobody = createOpenAICompatible({ name: 'it', baseURL: 'http://127.0.0.1:1/v1' })('model-1');
  const pieces = generateWith(nobody, { prompt: 'x', options: {}, signal: new AbortController().signal });
  await expect(pieces.next()).rejects.toMatchObject({ name: 'ProviderError', status: undefined });
});

test('what the host refuses stays what it is', async () => {
  const refusal = Object.assign(new Error('x is not allowed'), { code: 'EGRESS_REFUSED' });
  const refused = createAnthropic({ apiKey: KEY, fetch: () => Promise.reject(refusal) })('model-1');
  const pieces = generateWith(refused, { prompt: 'x', options: {}, signal: new AbortController().signal });
  await expect(pieces.next()).rejects.toBe(refusal);
});
