import { createHost, type EntryRequest, type Host } from '@bulkhead/host';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REQUESTS } from './requests.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let host: Host;
beforeAll(async () => {
  host = await createHost({
    ...{ spareCount: 0, measured: 'lately' },
    cassette: { file: here('cassettes/chat.json'), mode: 'replay' },
  });
  await host.install(here('..'), { grant: ['internet', 'secrets'] });
});
afterAll(() => host.close());

const request = (name: keyof typeof REQUESTS): EntryRequest => {
  const [prompt, options] = REQUESTS[name];
  return {
    plugin: 'llm_openrouter',
    group: 'llm_backends',
    name: 'openrouter',
    method: 'generate',
    args: [prompt, options],
  };
};

test('without its key it is not asked, and says which secret is missing [F000-19]', async () => {
  expect(await host.callEntry(request('text'))).toMatchObject({
    ok: false,
    error: { code: 'SECRET_MISSING', message: expect.stringContaining('OPENROUTER_API_KEY') as string },
  });
});

test('it answers from the cassette, in the sandbox, whole and piece by piece [F000-16] [F000-17] [F000-20]', async () => {
  // In replay nobody looks at it.
  await host.secrets.set('llm_openrouter', { name: 'OPENROUTER_API_KEY', value: 'any-value-will-do' });
  expect(await host.callEntry(request('text'))).toMatchObject({
    ok: true,
    value: {
      text: 'Hello there.',
      model: 'openrouter/auto',
      usage: { input_tokens: 9, output_tokens: 4, cost_usd: 0.000125 },
      finish_reason: 'stop',
    },
  });
  const stream = host.stream(request('answered'));
  const pieces: unknown[] = [];
  for await (const piece of stream) pieces.push(piece);
  expect(pieces.filter((piece) => typeof piece === 'string')).toEqual(['It ', 'is ', '5.']);
  expect(await stream.outcome).toMatchObject({ ok: true });
});

test('it asks for a tool [F000-20]', async () => {
  expect(await host.callEntry(request('tool'))).toMatchObject({
    value: { tool_calls: [{ id: 'call_1', name: 'add', arguments: { a: 2, b: 3 } }], finish_reason: 'tool_calls' },
  });
});

test('a refusal has its status and the time to wait [F000-20]', async () => {
  expect(await host.callEntry(request('busy'))).toMatchObject({
    error: { kind: 'tool_error', code: 'PROVIDER_REFUSED', message: 'the provider answered 429: too many requests' },
    call: { metadata: { status: 429, retry_after_ms: 3_000 } },
  });
});

test('what the cassette does not hold is an error that names it', async () => {
  const outcome = await host.callEntry({ ...request('text'), args: ['Something else.', {}] });
  expect(outcome).toMatchObject({
    ok: false,
    error: {
      kind: 'tool_error',
      message: expect.stringContaining('no exchange that is left of the cassette') as string,
    },
  });
});
