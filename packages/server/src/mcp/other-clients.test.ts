/**
 * Clients that people use beside the official libraries: the protocol's inspector on the command line, and the AI SDK.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REPOSITORY, startServer, TOKEN, type TestServer } from '../server-fixture.ts';

const run = promisify(execFile);
const INSPECTOR = join(
  createRequire(import.meta.url).resolve('@modelcontextprotocol/inspector/package.json'),
  '../clients/launcher/build/index.js',
);

let served: TestServer;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'bulkhead-home-'));
  served = await startServer({
    plugins: ['plugins/units', 'fixtures/conformance'].map((folder) => join(REPOSITORY, folder)),
  });
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

/** Asks by the inspector, which keeps its state at home. */
async function inspect<Value>(path: string, ...args: readonly string[]): Promise<Value> {
  const target = [`${served.url}${path}`, '--transport', 'http', '--header', `Authorization: Bearer ${TOKEN}`];
  const env = { ...process.env, HOME: home };
  const { stdout } = await run(process.execPath, [INSPECTOR, '--cli', ...target, ...args], { env });
  return JSON.parse(stdout) as Value;
}

test('the inspector lists and calls tools', async () => {
  const { tools } = await inspect<{ readonly tools: readonly { readonly name: string }[] }>(
    '/mcp',
    ...['--method', 'tools/list'],
  );
  const names = tools.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['units__convert', 'conformance__test_simple_text']));
  const args = ['value=1', 'from=km', 'to=m'].flatMap((pair) => ['--tool-arg', pair]);
  expect(await inspect('/mcp', '--method', 'tools/call', '--tool-name', 'units__convert', ...args)).toMatchObject({
    structuredContent: { value: 1_000 },
  });
});

test('the inspector reads resources and gets prompts', async () => {
  expect(
    await inspect('/mcp/conformance', '--method', 'resources/read', '--uri', 'test://template/7/data'),
  ).toMatchObject({ contents: [{ mimeType: 'application/json', text: expect.stringContaining('"7"') as string }] });
  expect(
    await inspect('/mcp/conformance', '--method', 'prompts/get', '--prompt-name', 'test_simple_prompt'),
  ).toMatchObject({ messages: [{ role: 'user' }] });
});

test('the AI SDK has the tools, and calls them', async () => {
  const script = join(import.meta.dirname, 'ai-sdk-client.fixture.ts');
  const asked = [script, `${served.url}/mcp/conformance`, TOKEN, 'test_image_content', '{}'];
  const { names, answered } = JSON.parse((await run(process.execPath, asked)).stdout) as {
    readonly names: readonly string[];
    readonly answered: unknown;
  };
  expect(names).toContain('test_simple_text');
  expect(answered).toMatchObject({ content: [{ type: 'image', mimeType: 'image/png' }] });
});
