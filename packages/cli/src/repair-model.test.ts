/**
 * Repairs and mutations by language models: a server on this machine that speaks the chat completions of OpenAI, asked through a plugin, as an
 * operator would configure it.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { JsonObject } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openMockProvider, type OpenProvider } from '../../../test/providers/mock-provider.ts';
import { makeFolder, REPOSITORY, run, type Ended, type Folder } from './cli-fixture.ts';

// Processes that start two hosts each, on a busy machine.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

const BROKEN = join(REPOSITORY, 'fixtures/broken');
const PLUGIN = 'llm_near';
const ENV = { BULKHEAD__SANDBOX__UNTRUSTED_MIN_TIER: 'process' };

/** What the scripts of fixtures/broken have for it, of which the last mends it. */
async function answersOf(name: string): Promise<readonly string[]> {
  return JSON.parse(await readFile(join(BROKEN, `${name}.answers.json`), 'utf8')) as readonly string[]; // Our own file.
}

/** Asks in the form of OpenAI, and no more: a small plugin is reviewed and bundled in a moment, however busy the machine is. */
const MAIN = `import { LLMBackend, ProviderError } from '@bulkhead/sdk';

export class NearBackend extends LLMBackend {
  override async *generate(prompt: string, options: { readonly model?: string }) {
    const { base_url: url } = this.config as { readonly base_url: string };
    const response = await fetch(\`\${url}/chat/completions\`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: options.model, messages: [{ role: 'user', content: prompt }] }),
    });
    if (!response.ok) throw new ProviderError('the provider refuses', { status: response.status });
    const { choices, usage } = await response.json();
    yield choices[0].message.content;
    yield { usage: { input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens } };
  }
}
`;

let provider: OpenProvider;
let models: Folder;
beforeAll(async () => {
  provider = await openMockProvider();
  models = await makeFolder();
  await writePlugin(join(models.path, PLUGIN));
});
afterAll(async () => {
  await models[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

/** Writes the plugin, configured to ask the provider. */
async function writePlugin(to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await writeFile(join(to, 'main.ts'), MAIN);
  const manifest = {
    ...{ name: PLUGIN, version: '1.0.0', description: 'A model of this machine.', author: 'Test', main: 'main.ts' },
    ...{
      dependencies: [],
      capabilities: ['llm'],
      required_permissions: ['internet'],
      network: { allow: ['localhost:1'] },
    },
    entry_points: { llm_backends: { near: './main.ts#NearBackend' } },
    config: { base_url: `${provider.origin}/v1` },
  };
  await writeFile(join(to, 'plugin.json'), JSON.stringify(manifest));
}

async function changeManifest(folder: string, change: (manifest: JsonObject) => JsonObject): Promise<void> {
  const path = join(folder, 'plugin.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as JsonObject; // Our own file.
  await writeFile(path, JSON.stringify({ ...manifest, ...change(manifest) }));
}

/** A folder with a configuration whose backend `near` is the provider. */
async function configured(dir = models.path): Promise<Folder> {
  const folder = await makeFolder();
  const { host } = new URL(provider.origin);
  const text = `[repair]
enabled = true
[plugins]
dirs = ["${dir}"]
[egress]
private_hosts = ["${host}"]
plugin_hosts = ["${PLUGIN}=${host}"]
[grants]
${PLUGIN} = ["internet"]
[[llm.backends]]
name = "near"
plugin = "${PLUGIN}"
model = "fixer"
usd_per_million_tokens = { input = 1000, output = 1000 }
`;
  await writeFile(join(folder.path, 'bulkhead.toml'), text);
  return folder;
}

function repairOf(name: string, folder: Folder, ...more: readonly string[]): Promise<Ended> {
  const calls = ['--calls', join(BROKEN, `${name}.calls.jsonl`)];
  return run(['repair', join(BROKEN, name), ...calls, ...more], { cwd: folder.path, env: ENV });
}

test('a language model of the configuration, which is named, mends a plugin with its third answer', async () => {
  await using folder = await configured();
  const before = provider.asked.length;
  const answers = await answersOf('off_by_one');
  provider.answer(...answers.map((text) => ({ text, usage: { input: 100, output: 20 } })));
  const ended = await repairOf('off_by_one', folder, '--backend', 'near', '--json');
  expect(ended.stderr).toContain('patch 3 of pages.ts: proved');
  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    outcome: 'proposal',
    proposal: { backend: 'near', verdict: 'adopt', usage: { input_tokens: 300, output_tokens: 60, cost_usd: 0.36 } },
  });
  const asked = provider.asked.slice(before);
  expect(asked.map(({ model }) => model)).toEqual(['fixer', 'fixer', 'fixer']);
  expect(JSON.stringify(asked[0]?.body)).toContain('pageCount');
});

test('where no backend is named, one is asked by weight: again where it is busy, and no more where somebody has to act', async () => {
  await using folder = await configured();
  const answers = await answersOf('off_by_one');
  provider.answer({ refusal: { status: 503, message: 'busy' } }, { text: answers.at(-1) ?? '' });
  const mended = await repairOf('off_by_one', folder, '--json');
  expect(mended).toMatchObject({ code: 0 });
  expect(JSON.parse(mended.stdout)).toMatchObject({ proposal: { backend: 'host' } });
  provider.answer({ refusal: { status: 401, message: 'who are you' } });
  const ended = await repairOf('off_by_one', folder, '--backend', 'host');
  expect(ended.code).toBe(2);
  expect(ended.stderr).toMatch(/backend near failed: [^]*BACKEND_INVALID/);
});

test('a backend that nobody has is refused with those that there are', async () => {
  await using folder = await configured();
  const ended = await repairOf('off_by_one', folder, '--backend', 'far');
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain('the backend is "far"; expected scripted:FILE');
  expect(ended.stderr).toContain('host, or near');
});

test('a plugin of a model that does not start is told with its reason', async () => {
  await using lame = await makeFolder();
  await cp(join(REPOSITORY, 'plugins/llm_openai_compatible'), join(lame.path, 'lame'), {
    recursive: true,
    filter: (path) => basename(path) !== 'node_modules',
  });
  await using folder = await configured(lame.path);
  const ended = await repairOf('off_by_one', folder, '--backend', 'near');
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain('and there are no language models');
  expect(ended.stderr).toMatch(/llm_openai_compatible is UNAVAILABLE: .*@ai-sdk\/openai-compatible/);
});

test('a plugin that has the name of a model’s plugin is mended in a host without it', async () => {
  await using folder = await configured();
  const named = join(folder.path, 'named');
  await cp(join(BROKEN, 'off_by_one'), named, { recursive: true });
  await changeManifest(named, () => ({ name: PLUGIN }));
  const answers = await answersOf('off_by_one');
  provider.answer({ text: answers.at(-1) ?? '' });
  const calls = ['--calls', join(BROKEN, 'off_by_one.calls.jsonl'), '--backend', 'near'];
  const ended = await run(['repair', named, ...calls], { cwd: folder.path, env: ENV });
  expect(ended.stderr).toContain('patch 1 of pages.ts: proved');
  expect(ended.code).toBe(0);
});

test('a mutation is proposed by a language model of the configuration', async () => {
  await using folder = await configured();
  const source = 'export function sort(list) {\n  return [...list];\n}\n';
  await writeFile(join(folder.path, 'sort.mjs'), source);
  provider.answer({
    text: '```diff\n--- a/sort.mjs\n+++ b/sort.mjs\n@@ @@\n-  return [...list];\n+  return list.toSorted();\n```\n',
  });
  const line = 'mutate --target-file sort.mjs --entry-fn sort --form diff --backend near --no-execute --json';
  const ended = await run(line.split(' '), { cwd: folder.path, env: ENV });
  expect(ended).toMatchObject({ code: 0 });
  expect(await readFile(join(folder.path, 'sort_mutated.mjs'), 'utf8')).toContain('list.toSorted()');
  expect(provider.asked.at(-1)).toMatchObject({ model: 'fixer' });
});
