/**
 * The whole way of a task, in processes as operators start them: `serve` with its own database, a worker that asks it with the first-party
 * handlers, and whoever gives the task on the command line. The model is a stand-in that answers by a script.
 */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { makeFolder, REPOSITORY, run, serve, start, type Ended, type Folder, type Served } from './cli-fixture.ts';

// Several processes start, and a database is made.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const SOURCE = 'export function sum(numbers) {\n  return numbers.length;\n}\n';
const DIFF = '@@ @@\n-  return numbers.length;\n+  return numbers.reduce((total, number) => total + number, 0);\n';
const BUSY = { fail: { status: 503, message: 'busy' } };

let folder: Folder;
let served: Served;
beforeAll(async () => {
  folder = await makeFolder();
  await writeFile(join(folder.path, 'sum.js'), SOURCE);
  await writeFile(join(folder.path, 'letter.txt'), 'Dear {{name}},\n');
  served = await serve(['--data', join(folder.path, 'data')]);
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Runs a verb that asks the server, in the folder of the files. */
function ask(line: readonly string[]): Promise<Ended> {
  return run([...line, '--server', served.ready.url, '--data', join(folder.path, 'data')], { cwd: folder.path });
}

async function said(line: readonly string[]): Promise<{ readonly code: number | null; readonly value: JsonObject }> {
  const { code, stdout } = await ask([...line, '--json']);
  const value: unknown = JSON.parse(stdout);
  return { code, value: isJsonObject(value) ? value : {} };
}

function startWorker(more: readonly string[]): void {
  const place = ['--server', served.ready.url, '--data', join(folder.path, 'data')];
  const running = start(['worker', 'start', '--json', '--tags', 'cpu,llm,node', ...place, ...more]);
  onTestFinished(async () => {
    running.child.kill('SIGTERM');
    await running.ended;
  });
}

/** Starts a worker whose tenant has a model that answers so, with the handlers that change and run programs. */
async function startWithModel(name: string, answers: readonly JsonValue[]): Promise<void> {
  const model = join(folder.path, name, 'llm_mock');
  await cp(join(REPOSITORY, 'plugins/llm_mock'), model, { recursive: true });
  const manifest: unknown = JSON.parse(await readFile(join(model, 'plugin.json'), 'utf8'));
  const config = { enabled: true, model: 'mock-1', answers };
  await writeFile(join(model, 'plugin.json'), JSON.stringify({ ...(isJsonObject(manifest) ? manifest : {}), config }));
  const plugins = ['patch_mutator', 'execute'].map((plugin) => join(REPOSITORY, 'plugins', plugin));
  const grants = ['--grant', 'patch_mutator=llm', '--grant', 'execute=children'];
  startWorker([...[model, ...plugins].flatMap((dir) => ['--plugins', dir]), ...grants]);
}

const MUTATE = ['mutate', '--queue', '--wait', '--target-file', 'sum.js', '--entry-fn', 'sum', '--backend', 'mock'];

test('a file is changed by a worker and its model, and the task that comes of it is executed by a worker [X000-20]', async () => {
  await startWithModel('answering', [{ text: DIFF }]);
  const { code, value } = await said([...MUTATE, '--output', 'better.js']);
  expect({ code, value }).toMatchObject({
    code: 0,
    value: { state: 'done', output: 'better.js', result: { handler_version: 'patch_mutator 1.0.0' } },
  });
  expect(await readFile(join(folder.path, 'better.js'), 'utf8')).toContain('numbers.reduce');
  const next = isJsonObject(value['execute_task'] ?? null) ? (value['execute_task'] as JsonObject) : {};
  expect(next).toMatchObject({ kind: 'execute', requires: ['cpu', 'node'], payload: { entry_fn: 'sum' } });
  // Both fields were looked at above, or are by what is asked next.
  const payload = { ...(next['payload'] as JsonObject), args: [[1, 2, 3]] };
  await writeFile(join(folder.path, 'payload.json'), JSON.stringify(payload));
  const adding = ['queue', 'add', '--kind', 'execute', '--requires', 'cpu,node', '--id', next['id'] as string];
  const executed = await said([...adding, '--payload', '@payload.json', '--wait']);
  expect(executed).toMatchObject({
    code: 0,
    value: { state: 'done', result: { status: 'ok', handler_version: 'execute 1.0.0', data: { value: 6 } } },
  });
});

test('a text is rendered by a worker with the handlers that come with the command [X000-20]', async () => {
  startWorker([]);
  const rendering = ['render', '--queue', '--wait', '--template', 'letter.txt', '--vars', '{"name":"Ada"}'];
  expect(await said([...rendering, '--out', 'ada.txt'])).toMatchObject({
    code: 0,
    value: { state: 'done', rendered: 'Dear Ada,\n', result: { handler_version: 'render 1.0.0' } },
  });
  expect(await readFile(join(folder.path, 'ada.txt'), 'utf8')).toBe('Dear Ada,\n');
});

test('a project is rendered by a worker whole; with a template that cannot be, nothing of it is written [X000-20]', async () => {
  startWorker([]);
  const site = join(folder.path, 'site');
  await mkdir(join(site, 'sub'), { recursive: true });
  await writeFile(join(site, 'letter.txt.tmpl'), 'Dear {{name}},\n');
  await writeFile(join(site, 'sub/card.txt.tmpl'), 'To {{name}}\n');
  await writeFile(join(site, 'stamp.bin'), new Uint8Array([0, 255]));
  const rendering = ['render', '--queue', '--wait', '--project', 'site', '--out', 'mail', '--vars', '{"name":"Ada"}'];
  const done = await said(rendering);
  expect(done).toMatchObject({ code: 0, value: { output: 'mail', is_written: true, failures: [] } });
  expect(done.value['files']).toMatchObject([
    { file: 'letter.txt.tmpl', rendered: true, characters: 10, handler: 'render 1.0.0' },
    { file: 'stamp.bin', rendered: false, bytes: 2 },
    { file: 'sub/card.txt.tmpl', rendered: true, characters: 7, handler: 'render 1.0.0' },
  ]);
  expect(await readFile(join(folder.path, 'mail/sub/card.txt'), 'utf8')).toBe('To Ada\n');
  expect([...(await readFile(join(folder.path, 'mail/stamp.bin')))]).toEqual([0, 255]);
  await writeFile(join(site, 'sub/bad.txt.tmpl'), '{{gone}}');
  rendering.splice(rendering.indexOf('mail'), 1, 'again');
  expect(await said(rendering)).toMatchObject({
    code: 1,
    value: {
      ...{ output: 'again', is_written: false, files: [] },
      failures: [{ file: 'sub/bad.txt.tmpl', message: expect.stringContaining('there is no variable gone') }],
    },
  });
  expect(await readdir(folder.path)).not.toContain('again');
});

test('a model that refuses five times with 503 is asked again, and then answers: the task is done [X000-32]', async () => {
  const refusals = [1, 2, 3, 4, 5].map((request) => ({ request, ...BUSY }));
  await startWithModel('busy', [...refusals, { text: DIFF }]);
  const { code, value } = await said([...MUTATE, '--output', 'later.js']);
  expect({ code, value }).toMatchObject({ code: 0, value: { state: 'done', result: { status: 'ok' } } });
  expect(await readFile(join(folder.path, 'later.js'), 'utf8')).toContain('numbers.reduce');
});

test('a model that never answers is not asked for ever: with its attempts the task is dead [X000-32]', async () => {
  await startWithModel('away', [BUSY]);
  const payload = JSON.stringify({ source: SOURCE, file: 'sum.js', entry_fn: 'sum', backend: 'mock' });
  const adding = [
    'queue',
    'add',
    '--kind',
    'mutate',
    '--requires',
    'cpu,llm',
    '--payload',
    payload,
    '--max-retry',
    '1',
  ];
  expect(await said([...adding, '--wait'])).toMatchObject({
    code: 1,
    value: { state: 'dead', task: { attempts: 2 }, result: { status: 'error', data: { retryable: true } } },
  });
});
