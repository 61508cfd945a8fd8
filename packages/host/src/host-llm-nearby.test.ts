/**
 * A server of models on this machine, and the faults that providers have, through the sandbox.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMockProvider, type OpenProvider } from '../../../test/providers/mock-provider.ts';
import { openTestHost } from './host.fixture.ts';
import type { EntryRequest } from './calls-api.ts';
import type { Host } from './host-api.ts';

const PLUGIN = 'llm_openai_compatible';

let provider: OpenProvider;
let host: Host;
beforeAll(async () => {
  provider = await openMockProvider();
  const hosts = [new URL(provider.origin).host];
  host = await openTestHost({ privateHosts: hosts, pluginHosts: { [PLUGIN]: hosts } });
  await host.install(fileURLToPath(new URL(`../../../plugins/${PLUGIN}`, import.meta.url)));
  await configure({});
});
afterAll(async () => {
  await host.close();
  await provider[Symbol.asyncDispose]();
});

const configure = (more: object) =>
  host.registrations.enable(PLUGIN, {
    config: { base_url: `${provider.origin}/v1`, model: 'model-1', ...more },
    grant: ['internet'],
  });

const request: EntryRequest = {
  ...{ plugin: PLUGIN, group: 'llm_backends', name: 'openai_compatible', method: 'generate' },
  args: ['Say it.', {}],
};

test('a server nearby is asked without a key, where the operator lists it for the plugin', async () => {
  provider.answer({ text: 'From here.' });
  expect(await host.callEntry(request)).toMatchObject({ ok: true, value: { text: 'From here.', model: 'model-1' } });
  expect(provider.asked.at(-1)).toMatchObject({ model: 'model-1', isStreamed: true });
});

test('any other server is refused, with what is allowed', async () => {
  await configure({ base_url: 'https://evil.example.net/v1' });
  expect(await host.callEntry(request)).toMatchObject({
    ok: false,
    error: { kind: 'tool_error', message: expect.stringContaining('evil.example.net:443 is not allowed') as string },
  });
  await configure({});
});

test('pieces come as the provider tells them, and whoever leaves ends the request out there', async () => {
  const [gate, left] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()];
  provider.answer({
    text: 'one two three',
    between: async (index) => {
      if (index === 3) await gate.promise;
      if (index > 3) left.resolve(index);
    },
  });
  const leaving = new AbortController();
  const stream = host.stream({ ...request, signal: leaving.signal });
  const pieces: unknown[] = [];
  for await (const piece of stream) {
    pieces.push(piece);
    if (piece === 'two ') leaving.abort();
  }
  expect(pieces.filter((piece) => typeof piece === 'string')).toEqual(['one ', 'two ']);
  expect(await stream.outcome).toMatchObject({ ok: false, error: { kind: 'cancelled' } });
  gate.resolve();
  await left.promise;
});

test.each(['cut', 'end', 'malformed'] as const)(
  'an answer that is broken off (%s) is a refusal that says so',
  async (kind) => {
    provider.answer({ text: 'one two three', fault: { kind, afterEvents: 2 } });
    const outcome = await host.callEntry(request);
    expect(outcome).toMatchObject({ ok: false, error: { kind: 'tool_error', code: 'PROVIDER_REFUSED' } });
    expect(outcome.call).not.toHaveProperty('metadata.status');
  },
);

test.each([true, false])(
  'an answer without end ends the call alone; streamed: %s',
  { timeout: 120_000 },
  async (stream) => {
    await configure({ stream });
    provider.answer({ fault: { kind: 'huge' } });
    const outcome = await host.callEntry(request);
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: 'PROVIDER_REFUSED', message: 'the provider’s answer has more than 67108864 bytes' },
    });
    provider.answer({ text: 'still here' });
    expect(await host.callEntry(request)).toMatchObject({ ok: true, value: { text: 'still here' } });
    await configure({});
  },
);
