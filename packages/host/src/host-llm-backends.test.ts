/**
 * The cassettes of our own backends, recorded from a provider on this machine that stands where theirs is. What is recorded today must
 * be what lies there; `BULKHEAD_TEST_RECORD=1` writes it anew.
 */
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REQUESTS } from '../../../test/providers/backend-requests.ts';
import { createMockProvider } from '../../../test/providers/mock-provider.ts';
import type { ProviderAnswer } from '../../../test/providers/wire.ts';
import { checkPlugin } from './check.ts';
import { openInternet, type FakeInternet } from './egress/internet.fixture.ts';
import { openHost } from './host.ts';
import { resolveSettings } from './host/settings.ts';

const KEY = 'sk-live-3f9a70c1d2e84b55';
const BACKENDS = [
  { plugin: 'llm_anthropic', host: 'api.anthropic.com', secret: 'ANTHROPIC_API_KEY', config: {} },
  { plugin: 'llm_openrouter', host: 'openrouter.ai', secret: 'OPENROUTER_API_KEY', config: {} },
  {
    ...{
      plugin: 'llm_openai_compatible',
      host: 'api.openai.com',
      secret: 'OPENAI_COMPATIBLE_API_KEY',
    },
    config: { base_url: 'https://api.openai.com/v1', model: 'gpt-4.1-mini' },
  },
] as const;
type Backend = (typeof BACKENDS)[number];

const ANSWERS: Readonly<Record<keyof typeof REQUESTS, ProviderAnswer>> = {
  text: { text: 'Hello there.', usage: { input: 9, output: 4 }, costUsd: 0.000125 },
  tool: { text: 'Let me add.', toolCalls: [{ id: 'call_1', name: 'add', arguments: '{"a":2,"b":3}' }] },
  answered: { text: 'It is 5.' },
  busy: { refusal: { status: 429, message: 'too many requests', retryAfter: '3' } },
};

const root = fileURLToPath(new URL('../../../plugins/', import.meta.url));
let net: FakeInternet;
let folder: string;
beforeAll(async () => {
  [net, folder] = await Promise.all([
    openInternet(BACKENDS.map(({ host }) => host)),
    mkdtemp(join(tmpdir(), 'bulkhead-recorded-')),
  ]);
});
afterAll(async () => {
  await net[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Records what a backend asks and is answered. */
async function record({ plugin, config, secret, ...backend }: Backend, file: string): Promise<void> {
  const provider = createMockProvider(KEY);
  net.serve(backend.host, provider.serve);
  const settings = resolveSettings({ spareCount: 0, tierMax: 'process', cassette: { file, mode: 'record' } });
  const opened = await openHost({ ...settings, internet: net.internet });
  await using host = opened.host;
  await host.install(join(root, plugin));
  await host.registrations.enable(plugin, { config, grant: ['internet', 'secrets'] });
  await host.secrets.set(plugin, { name: secret, value: KEY });
  const [entry] = host.entries();
  for (const [name, args] of Object.entries(REQUESTS)) {
    provider.answer(ANSWERS[name as keyof typeof ANSWERS]); // A key of the same.
    const outcome = await host.callEntry({
      ...{ plugin, group: 'llm_backends', name: entry?.name ?? '', method: 'generate', args },
    });
    expect({ name, ...outcome }).toMatchObject({ name, ok: name !== 'busy' });
  }
}

test.each(BACKENDS)('the cassette of $plugin is what is recorded, without its key [F000-20]', async (backend) => {
  const { plugin } = backend;
  const file = join(folder, `${plugin}.json`);
  await record(backend, file);
  const lying = join(root, plugin, 'tests/cassettes/chat.json');
  if (process.env['BULKHEAD_TEST_RECORD'] === '1') await copyFile(file, lying);
  const recorded = await readFile(file, 'utf8');
  expect(recorded).not.toContain(KEY);
  expect(recorded).toBe(await readFile(lying, 'utf8'));
});

test.each(BACKENDS)(
  'nothing stops an install of $plugin, and its NOTICE names what it bundles [F000-14]',
  async ({ plugin }) => {
    const { findings, dependencies } = await checkPlugin(join(root, plugin), { load: false });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    const notice = await readFile(join(root, plugin, 'NOTICE'), 'utf8');
    const named = [...notice.matchAll(/^- (\S+) \(/gm)].map(([, name]) => name ?? '');
    const bundled = dependencies.map(({ name }) => name).filter((name) => name !== '@bulkhead/sdk');
    expect(named.toSorted()).toEqual(bundled.toSorted());
  },
);
