import { ProviderError, type GeneratedPiece, type GenerateOptions } from '@bulkhead/sdk';
import { createTestContext } from '@bulkhead/sdk/testing';
import { expect, test } from 'vitest';
import { MockBackend } from '../main.ts';

type Chat = NonNullable<GenerateOptions['messages']>;
const user = (content: string) => ({ role: 'user', content }) as const;
const answered = [user('hi'), { role: 'assistant', content: 'hello' }, user('and now?')] as const satisfies Chat;

async function piecesOf(
  backend: MockBackend,
  prompt: string,
  options: GenerateOptions = {},
): Promise<readonly GeneratedPiece[]> {
  const pieces: GeneratedPiece[] = [];
  for await (const piece of backend.generate(prompt, options, createTestContext())) pieces.push(piece);
  return pieces;
}

const textOf = async (backend: MockBackend, prompt: string, options?: GenerateOptions): Promise<string> =>
  (await piecesOf(backend, prompt, options)).map((piece) => (typeof piece === 'string' ? piece : '')).join('');

test('without a script it echoes the last message word by word, with tokens of four characters [F000-16]', async () => {
  const backend = new MockBackend({});
  const about = { model: 'mock-1', usage: { input_tokens: 4, output_tokens: 4 }, finish_reason: 'stop' };
  expect(await piecesOf(backend, 'Say it, please.')).toEqual(['Say ', 'it, ', 'please.', about]);
  expect(await piecesOf(backend, 'Say it, please.')).toEqual(['Say ', 'it, ', 'please.', about]);
  expect(await textOf(backend, 'user: hi', { messages: answered })).toBe('and now?');
});

test('an answer is chosen by turn, by what the last message holds, and by the number of the request', async () => {
  const backend = new MockBackend({
    answers: [
      { request: 3, text: 'third' },
      { turn: 2, match: 'now', text: 'second turn' },
      { match: 'weather', text: 'rain' },
    ],
  });
  expect(await textOf(backend, 'the weather?')).toBe('rain');
  expect(await textOf(backend, '', { messages: answered })).toBe('second turn');
  expect(await textOf(backend, 'the weather?')).toBe('third');
  expect(await textOf(backend, 'other')).toBe('other');
});

test('what a tool answered is the last message', async () => {
  const backend = new MockBackend({ answers: [{ turn: 2, match: '{"result":5}', text: 'It is 5.' }] });
  const messages: Chat = [
    user('2 + 3?'),
    { role: 'assistant', content: '', tool_calls: [{ id: 'call_1_1', name: 'add', arguments: { a: 2, b: 3 } }] },
    { role: 'tool', tool_call_id: 'call_1_1', tool_name: 'add', content: '{"result":5}' },
  ];
  expect(await textOf(backend, '', { messages })).toBe('It is 5.');
});

test('it asks for tools, thinks aloud, and says what its script says of usage and end', async () => {
  const backend = new MockBackend({
    answers: [
      {
        ...{ text: 'Let me see.', pieces: ['Let ', 'me see.'], reasoning: 'I must add.', model: 'other' },
        tool_calls: [
          { name: 'add', arguments: { a: 2 } },
          { id: 'mine', name: 'now' },
        ],
        usage: { input_tokens: 10, output_tokens: 20, cost_usd: 0.25 },
      },
      {},
    ],
  });
  expect(await piecesOf(backend, 'go')).toEqual([
    { reasoning: 'I must add.' },
    'Let ',
    'me see.',
    {
      tool_calls: [
        { id: 'call_1_1', name: 'add', arguments: { a: 2 } },
        { id: 'mine', name: 'now', arguments: {} },
      ],
    },
    {
      model: 'other',
      usage: { input_tokens: 10, output_tokens: 20, cost_usd: 0.25 },
      finish_reason: 'tool_calls',
    },
  ]);
});

test('an answer ends at max_tokens, and says so', async () => {
  const backend = new MockBackend({});
  expect(await piecesOf(backend, 'one two three', { max_tokens: 2, model: 'asked' })).toEqual([
    'one ',
    'two ',
    { model: 'asked', usage: { input_tokens: 4, output_tokens: 2 }, finish_reason: 'length' },
  ]);
});

test('it fails as a provider does, ahead of its answer or within', async () => {
  const backend = new MockBackend({
    answers: [
      { request: 1, fail: { status: 429, retry_after_ms: 1_500, message: 'slow down' } },
      { request: 2, text: 'one two three', fail: { after_pieces: 2 } },
    ],
  });
  const first = piecesOf(backend, 'go');
  await expect(first).rejects.toBeInstanceOf(ProviderError);
  await expect(first).rejects.toMatchObject({ message: 'slow down', status: 429, retryAfterMs: 1_500 });
  const told: unknown[] = [];
  const second = (async () => {
    for await (const piece of backend.generate('go', {}, createTestContext())) told.push(piece);
  })();
  await expect(second).rejects.toMatchObject({ name: 'ProviderError', status: undefined, retryAfterMs: undefined });
  expect(told).toEqual(['one ', 'two ']);
  expect(await textOf(backend, 'go')).toBe('go');
});

test('switched off it refuses', async () => {
  await expect(piecesOf(new MockBackend({ enabled: false }), 'go')).rejects.toMatchObject({ status: 503 });
});

test('what delays a piece ends with the call', async () => {
  const backend = new MockBackend({ answers: [{ text: 'a b', delay_ms: 60_000 }] });
  const leaving = new AbortController();
  const pieces = backend.generate('go', {}, createTestContext({ signal: leaving.signal }))[Symbol.asyncIterator]();
  const first = pieces.next();
  leaving.abort(new Error('left'));
  await expect(first).rejects.toThrow('left');
});

test('each piece is delayed by what is said', async () => {
  const backend = new MockBackend({ answers: [{ text: 'a b', delay_ms: 30 }] });
  const startedAt = performance.now();
  expect(await textOf(backend, 'go')).toBe('a b');
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(55);
});

test('what a caller sends is heeded as far as it makes sense', async () => {
  const backend = new MockBackend({});
  for (const odd of [null, 'x', { messages: 'x' }, { messages: [null, { content: 7 }], max_tokens: 'many' }])
    expect(await textOf(backend, 'still there', odd as never)).toEqual(expect.any(String));
  expect(await textOf(backend, null as never)).toBe('');
});
