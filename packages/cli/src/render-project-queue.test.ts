/**
 * `bulkhead render --project --queue`, which a server with its queue is asked for; the test ends the tasks as a worker does.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHost, createMemoryTaskQueue, HostError, type Host, type TaskQueue } from '@bulkhead/host';
import { createLog, createServer, type Server } from '@bulkhead/server';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { makeFolder, start, verbsOf, type Ended } from './cli-fixture.ts';

const TOKEN = 'a-platform-token-that-is-long-enough';

let tasks: TaskQueue;
let host: Host;
let server: Server;
let url: string;
beforeAll(async () => {
  host = await createHost();
  tasks = createMemoryTaskQueue();
  server = await createServer({ host, log: createLog('silent', 2), token: TOKEN, tasks });
  ({ url } = await server.listen({ host: '127.0.0.1', port: 0 }));
});
afterAll(async () => {
  await server.close();
  await tasks.close();
  await host.close();
});

let cwd: string;
beforeEach(async () => {
  await tasks.removeTenant('default');
  const folder = await makeFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  cwd = folder.path;
  await mkdir(join(cwd, 'site/sub'), { recursive: true });
  await writeFile(join(cwd, 'site/a.txt.tmpl'), 'A {{name}}');
  await writeFile(join(cwd, 'site/sub/b.txt.tmpl'), 'B {{name}}');
  await writeFile(join(cwd, 'site/copy.txt'), 'copied');
  await writeFile(join(cwd, 'site/vars.json'), '{"name": "Ada"}');
});

const render = (line: string): Promise<Ended> =>
  verbsOf(url, TOKEN)(`render --project ${join(cwd, 'site')} --out ${join(cwd, 'build')} --queue ${line}`.trim());

/** Ends the next task that is given: with its text, or as one that comes no more. */
async function endNext(status: 'ok' | 'error', data: Readonly<Record<string, string>>): Promise<string> {
  const claimed = await tasks.claim({ worker_id: 'w1', tags: ['cpu'], lease_ms: 60_000, wait_ms: 60_000 });
  if (claimed === undefined) throw new Error('no task was given');
  await tasks.complete(claimed.lease, {
    ...{ task_id: claimed.task.id, status, data, created_at: '2026-01-01T12:00:00Z', attempts: 1 },
    ...{ worker_id: 'w1', handler_version: 'render 1.0.0', image_tag: 'test' },
  });
  return claimed.task.id;
}

test('with --queue each template is a task, whose ids are printed one a line, and nothing is written [X000-20]', async () => {
  const { code, stdout, stderr } = await render('');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: `${join(cwd, 'build')}: nothing is written; 2 tasks given, and --wait would write what comes of them\n`,
  });
  const ids = stdout.trimEnd().split('\n');
  const given = await Promise.all(ids.map((id) => tasks.get(id)));
  expect(given.map((each) => each?.task)).toMatchObject([
    {
      ...{ kind: 'render', requires: ['cpu'] },
      payload: { template: 'A {{name}}', vars: { name: 'Ada' }, dest: join(cwd, 'build/a.txt') },
    },
    { kind: 'render', payload: { template: 'B {{name}}', dest: join(cwd, 'build/sub/b.txt') } },
  ]);
  expect(JSON.parse((await render('--json')).stdout)).toEqual({
    tasks: [
      { file: 'a.txt.tmpl', id: expect.stringMatching(/^[0-9a-f]{32}$/) },
      { file: 'sub/b.txt.tmpl', id: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ],
  });
  expect(await readdir(cwd)).toEqual(['site']);
});

test('with --wait all are waited for and written, with what is copied [X000-20]', async () => {
  const waiting = render('--wait');
  await endNext('ok', { rendered: 'one' });
  await endNext('ok', { rendered: 'two' });
  const build = join(cwd, 'build');
  expect(await waiting).toEqual({
    ...{ code: 0, signal: null, stdout: '' },
    stderr: `2 tasks: waiting\n${build}: 3 files, 2 of them rendered\n`,
  });
  const texts = await Promise.all(
    ['a.txt', 'sub/b.txt', 'copy.txt'].map((file) => readFile(join(build, file), 'utf8')),
  );
  expect(texts).toEqual(['one', 'two', 'copied']);
});

test('where one of them is dead or answers no text nothing is written, and each is named with its task [X000-20]', async () => {
  const waiting = render('--wait');
  const first = await endNext('error', { message: 'no luck' });
  const second = await endNext('ok', { text: 'of another kind' });
  const { code, stdout, stderr } = await waiting;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(`a.txt.tmpl: the task is dead: no luck (task ${first})\n`);
  expect(stderr).toContain(`sub/b.txt.tmpl: render 1.0.0 answered no text; expected data.rendered (task ${second})\n`);
  expect(stderr).toContain('nothing is written; 2 of 2 templates could not be rendered\n');
  expect(await readdir(cwd)).toEqual(['site']);
});

test('tasks that were given before the queue takes no more are named [X000-20]', async () => {
  const given = tasks.enqueue.bind(tasks);
  const enqueue = vi.spyOn(tasks, 'enqueue');
  onTestFinished(() => enqueue.mockRestore());
  enqueue.mockImplementationOnce(given).mockRejectedValueOnce(new HostError('STORAGE_UNAVAILABLE'));
  const { code, stdout, stderr } = await render('--wait');
  const { tasks: listed } = JSON.parse((await verbsOf(url, TOKEN)('queue list --json')).stdout) as {
    readonly tasks: readonly { readonly task: { readonly id: string } }[]; // By the schema of the route.
  };
  expect(code).toBeGreaterThan(0);
  expect({ stdout, count: listed.length }).toEqual({ stdout: '', count: 1 });
  expect(stderr).toContain(`task ${listed[0]?.task.id} goes on: `);
  expect(stderr).toContain('STORAGE_UNAVAILABLE');
});

test('Ctrl-C ends the wait for all at once with 130; each that was not waited for is named and goes on [X000-20]', async () => {
  const waitFor = vi.spyOn(tasks, 'waitFor');
  onTestFinished(() => waitFor.mockRestore());
  const line = ['render', '--project', 'site', '--out', 'build', '--queue', '--wait', '--server', url];
  const running = start(line, { cwd, env: { BULKHEAD_TOKEN: TOKEN } });
  const ended = await endNext('ok', { rendered: 'one' });
  // The second wait for the second task is of half a minute.
  await vi.waitUntil(() => waitFor.mock.calls.filter(([id]) => id !== ended).length > 1, { timeout: 60_000 });
  const [id = ''] = waitFor.mock.calls.at(-1) ?? [];
  running.child.kill('SIGINT');
  const { code, signal, stdout, stderr } = await running.ended;
  expect({ code, signal, stdout }).toEqual({ code: 130, signal: null, stdout: '' });
  expect(stderr).toContain(`task ${id} goes on: \`bulkhead queue show ${id}\``);
  expect(stderr).not.toContain(ended);
  expect(await tasks.get(id)).toMatchObject({ state: 'queued' });
  expect(await readdir(cwd)).toEqual(['site']);
});
