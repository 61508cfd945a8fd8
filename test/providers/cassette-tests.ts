/**
 * What each of our backends must do with its cassette, as tests that its own test file declares: it answers in the sandbox, from what
 * was recorded, and nothing goes out.
 */
import { createHost, type EntryRequest, type Host } from '@bulkhead/host';
import type { JsonObject } from '@bulkhead/protocol';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REQUESTS } from './backend-requests.ts';

/** A backend with its plugin's folder, the secret that is its key, and what its provider was recorded to answer. */
export type RecordedBackend = {
  readonly folder: URL;
  readonly plugin: string;
  readonly entry: string;
  readonly secret: string;
  readonly config?: JsonObject;
  readonly model: string;
  readonly usage: JsonObject;
};

/** Declares the tests. */
export function cassetteTests({ folder, plugin, entry, secret, config, model, usage }: RecordedBackend): void {
  const here = (path: string): string => fileURLToPath(new URL(path, folder));
  const request = (name: keyof typeof REQUESTS): EntryRequest => {
    const [prompt, options] = REQUESTS[name];
    return { plugin, group: 'llm_backends', name: entry, method: 'generate', args: [prompt, options] };
  };
  let host: Host;
  beforeAll(async () => {
    const cassette = { file: here('tests/cassettes/chat.json'), mode: 'replay' } as const;
    host = await createHost({ spareCount: 0, measured: 'lately', cassette });
    await host.install(here('.'));
    const grant = ['internet', 'secrets'];
    await host.registrations.enable(plugin, { grant, ...(config !== undefined && { config }) });
  });
  afterAll(() => host.close());

  test('without its key it is not asked, and says which secret is missing [F000-19]', async () => {
    expect(await host.callEntry(request('text'))).toMatchObject({
      ok: false,
      error: { code: 'SECRET_MISSING', message: expect.stringContaining(secret) as string },
    });
  });

  test('it answers from the cassette, in the sandbox, whole and piece by piece [F000-16] [F000-17] [F000-20]', async () => {
    // In replay nobody looks at it.
    await host.secrets.set(plugin, { name: secret, value: 'any-value-will-do' });
    expect(await host.callEntry(request('text'))).toMatchObject({
      ok: true,
      value: { text: 'Hello there.', model, usage, finish_reason: 'stop' },
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
    const message = expect.stringContaining('no exchange that is left of the cassette') as string;
    expect(outcome).toMatchObject({ ok: false, error: { kind: 'tool_error', message } });
  });
}
