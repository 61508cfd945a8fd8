/**
 * `bulkhead agent` against a real server with a scripted model.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import type { JsonObject } from '@bulkhead/protocol';
import { createServer, type Server } from '@bulkhead/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REPOSITORY, makeFolder, runHere, writePlugin, type Ended, type Folder } from './cli-fixture.ts';

const TOKEN = 'a-platform-token-that-is-long-enough';
const VAULT = `export default { tools: [{ name: 'open', description: 'Opens it.', needsApproval: true,
  parameters: { type: 'object' }, execute: () => 'opened' }] };`;

let folder: Folder;
let host: Host;
let server: Server;
let url: string;

beforeAll(async () => {
  folder = await makeFolder();
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  host = await createHost({ log, spareCount: 0 });
  for (const name of ['calculator', 'llm_mock']) await host.install(join(REPOSITORY, 'plugins', name));
  await host.install(await writePlugin(folder.path, { name: 'vault', main: VAULT }));
  server = await createServer({ host, log, token: TOKEN });
  url = (await server.listen({ host: '127.0.0.1', port: 0 })).url;
});
afterAll(async () => {
  await server.close();
  await host.close();
  await folder[Symbol.asyncDispose]();
});

const script = (answers: readonly JsonObject[]) => host.registrations.enable('llm_mock', { config: { answers } });

const ask = (...args: readonly string[]): Promise<Ended> =>
  runHere(['agent', 'go', '--backend', 'mock', '--server', url, '--token', TOKEN, ...args]);

const ADDS = [
  {
    ...{ turn: 1, reasoning: 'It is a sum.', text: 'I add.' },
    tool_calls: [{ name: 'calculator__add', arguments: { a: 2, b: 3 } }],
  },
  { turn: 2, text: 'It is 5.' },
];
const OPENS = [
  { turn: 1, text: '', tool_calls: [{ id: 'c1', name: 'vault__open', arguments: {} }] },
  { turn: 2, text: 'It is open.' },
];

test('what the model says is the result; its thoughts and its tools are talk', async () => {
  await script(ADDS);
  const { code, stdout, stderr } = await ask();
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'I add.\nIt is 5.\n' });
  const [thought, called, answered, last] = stderr.split('\n');
  expect([thought, called, answered]).toEqual(['| It is a sum.', '> calculator__add {"a":2,"b":3}', '< {"result":5}']);
  expect(last).toMatch(/^run [\da-f-]{36}: 2 steps, \d+ tokens read, \d+ written$/);
});

test('with --json the run is one line, and nothing else', async () => {
  await script(ADDS);
  const { code, stdout, stderr } = await ask('--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, run: { status: 'completed', text: 'It is 5.' } });
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
});

test('a tool that needs approval is called with --approve, and waits without', async () => {
  await script(OPENS);
  expect(await ask('--approve')).toMatchObject({ code: 0, stdout: 'It is open.\n' });
  const { code, stderr } = await ask();
  expect(code).toBe(0);
  expect(stderr).toContain('waits for somebody to allow vault__open {}');
  expect(stderr).toMatch(/POST \/v1\/agents\/runs\/[\da-f-]{36}\/approvals decides/);
});

test('a bound that stopped it is said with the option that moves it', async () => {
  await script(ADDS);
  expect((await ask('--max-steps', '1')).stderr).toContain('stopped after 1 steps; --max-steps allows more');
  expect((await ask('--max-tokens', '1')).stderr).toContain('stopped at its budget; --max-tokens and --max-usd');
});

test('how a run failed is the exit code, with what to do', async () => {
  await script([{ fail: { message: 'no such model', status: 404 } }]);
  const { code, stdout, stderr } = await ask();
  expect({ code, stdout }).toEqual({ code: 10, stdout: '' });
  expect(stderr).toContain('tool_error PROVIDER_REFUSED: ');
  expect(await ask('--backend', 'none')).toMatchObject({ code: 25 });
});

test('a wrong number is wrong usage', async () => {
  for (const args of [
    ['--max-steps', '0'],
    ['--max-usd', 'much'],
  ])
    expect(await ask(...args)).toMatchObject({ code: 2, stdout: '' });
});

test('with --plugins it has a server of its own, whose model is scripted', async () => {
  const answers = join(folder.path, 'answers.json');
  const call = { text: 'I add.', tool_calls: [{ name: 'calculator__add', arguments: { a: 2, b: 3 } }] };
  await writeFile(answers, JSON.stringify([call, 'It is 5.']));
  const plugins = ['--plugins', join(REPOSITORY, 'plugins/calculator')];
  const asked = await runHere(['agent', 'go', ...plugins, '--backend', `scripted:${answers}`]);
  expect(asked).toMatchObject({ code: 0, stdout: 'I add.\nIt is 5.\n' });
  expect(asked.stderr).toContain('< {"result":5}');
  expect(await runHere(['agent', 'go', '--plugins', folder.path, '--backend', 'none'])).toMatchObject({ code: 25 });
  expect(await runHere(['agent', 'go', '--plugins', join(folder.path, 'vault/none')])).toMatchObject({ code: 2 });
});
