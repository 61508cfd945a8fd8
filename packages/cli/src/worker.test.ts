/**
 * Workers as their users start them: real processes, with plugin folders and a queue behind a socket of the test's.
 */
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '@bulkhead/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { run, start, makeFolder, type Folder, type Running, type Surroundings } from './cli-fixture.ts';
import { listWorkerFiles } from './worker/worker-files.ts';
import { idOf, newTasks, openQueueServer, QUEUE_TOKEN, type QueueServer } from './worker/queue-server.fixture.ts';

vi.setConfig({ testTimeout: 120_000 });

const HANDLERS = `
const done = (task: any, status: any, data: any) =>
  ({ task_id: task.id, status, data, created_at: '2026-01-01T00:00:00Z', attempts: 1 });
export class Echo {
  KIND = 'execute';
  PROVIDES = ['cpu'];
  dispatch(task: any) { return true; }
  async handle(task: any, { signal }: any) {
    if (task.payload.waits) await new Promise((resolve) => setTimeout(resolve, 600_000));
    return done(task, 'ok', { said: task.payload.say ?? null });
  }
}
export class Docker {
  KIND = 'render';
  PROVIDES = ['cpu', 'docker'];
  dispatch() { return true; }
  async handle(task: any) { return done(task, 'ok', {}); }
}`;

let folder: Folder;
let plugins: string;
beforeAll(async () => {
  folder = await makeFolder();
  plugins = join(folder.path, 'echo_task');
  await mkdir(plugins);
  const entry_points = { task_handlers: { echo: './main.ts#Echo', docker: './main.ts#Docker' } };
  const manifest = { name: 'echo_task', version: '1.0.0', description: 'Echoes.', author: 'Tests', entry_points };
  await writeFile(join(plugins, 'plugin.json'), JSON.stringify(manifest));
  await writeFile(join(plugins, 'main.ts'), HANDLERS);
});
afterAll(() => folder[Symbol.asyncDispose]());

let server: QueueServer;
let data: string;
let count = 0;
beforeEach(async () => {
  server = await openQueueServer();
  data = join(folder.path, `data-${(count += 1)}`);
});
afterEach(() => server[Symbol.asyncDispose]());

const options = (): readonly string[] => ['--server', server.url, '--plugins', plugins, '--data', data];
const ENV = { BULKHEAD_TOKEN: QUEUE_TOKEN };

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

type Worker = Running & {
  readonly events: () => readonly JsonObject[];
  readonly event: (name: string) => Promise<JsonObject>;
};

function startWorker(...more: readonly string[]): Worker {
  return startIn({ env: ENV }, more);
}

function startIn(surroundings: Surroundings, more: readonly string[]): Worker {
  const running = start(['worker', 'start', '--json', ...options(), ...more], surroundings);
  onTestFinished(() => void running.child.kill('SIGKILL'));
  const events = (): readonly JsonObject[] =>
    running
      .stdout()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as JsonObject); // Every line is one, which is what --json promises.
  const event = async (name: string): Promise<JsonObject> => {
    for (;;) {
      const found = events().find((line) => line['event'] === name);
      if (found !== undefined) return found;
      const { stdout } = running.child;
      const ended = await Promise.race([stdout === null ? true : once(stdout, 'data'), running.ended.then(() => true)]);
      if (ended === true && !events().some((line) => line['event'] === name))
        throw new Error(`ended without ${name}: ${running.stdout()}${running.stderr()}`);
    }
  };
  return { ...running, events, event };
}

test.for([
  ['from source', false],
  ['built', true],
] as const)(
  '%s, a one-shot worker says when it is ready, does exactly one task, and ends with 0 [X000-15]',
  async ([, isBuilt]) => {
    await server.queue.enqueue(newTasks([1, 2], { payload: { say: 'hello' } }));
    const worker = startIn({ env: ENV, isBuilt }, ['--once', '--id', 'one']);
    const { code } = await worker.ended;
    expect(worker.events()).toEqual([
      expect.objectContaining({
        ...{ event: 'ready', worker_id: 'one', tags: ['cpu', 'node'], kinds: ['execute'], queue: server.url },
        handlers: ['echo_task 1.0.0 docker', 'echo_task 1.0.0 echo'],
      }),
      { event: 'claimed', task_id: idOf(1), kind: 'execute', tenant_id: 'default' },
      expect.objectContaining({
        ...{ event: 'task', task_id: idOf(1), kind: 'execute', tenant_id: 'default', status: 'ok', fate: 'held' },
        handler: 'echo_task 1.0.0',
      }),
      { event: 'exit', reason: 'success', tasks: 1 },
    ]);
    expect(code).toBe(0);
    const [first, second] = await Promise.all([1, 2].map((number) => server.queue.get(idOf(number))));
    expect(second?.state).toBe('queued');
    expect(first).toMatchObject({ state: 'done', result: { data: { said: 'hello' }, worker_id: 'one' } });
    expect(first?.result?.image_tag).toMatch(/^bulkhead-\d\S+ node-\d\S+ \S+$/u);
  },
);

test('told to go by a signal it finishes what is in hand and ends with 0; in hand is what it claimed [X000-15]', async () => {
  await server.queue.enqueue(newTasks([1, 2, 3]));
  const worker = startWorker('--concurrency', '1');
  await worker.event('task');
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0, signal: null });
  expect(worker.events().at(-1)).toMatchObject({ event: 'exit', reason: 'signal' });
  const claimed = worker.events().flatMap((line) => (line['event'] === 'claimed' ? [textOf(line['task_id'])] : []));
  const ended = worker
    .events()
    .flatMap((line) => (line['event'] === 'task' ? [`${textOf(line['task_id'])} ${textOf(line['fate'])}`] : []));
  expect(ended).toEqual(claimed.map((id) => `${id} held`));
});

test('a worker without a handler for its tags says which tags are missing, and ends with 2', async () => {
  const { code, stderr } = await run(['worker', 'start', ...options(), '--allow', 'Docker'], { env: ENV });
  expect(code).toBe(2);
  expect(stderr).toContain('no handler can work with the tags cpu, node: echo_task docker provides cpu, docker');
});

test('one that the server refuses ends with an error, and 1', async () => {
  const worker = start(['worker', 'start', '--json', ...options()], { env: { BULKHEAD_TOKEN: 'wrong' } });
  const { code, stdout } = await worker.ended;
  expect(code).toBe(1);
  expect(stdout).toContain('"event":"exit","reason":"error"');
});

test('nothing to do for long enough is a reason to go', async () => {
  const worker = startWorker('--idle-exit', '1');
  expect(await worker.ended).toMatchObject({ code: 0 });
  expect(worker.events().at(-1)).toEqual({ event: 'exit', reason: 'idle', tasks: 0 });
});

test('a task that is cancelled is ended, and its worker goes on', async () => {
  await server.queue.enqueue(newTasks([1], { payload: { waits: true } }));
  const worker = startWorker('--lease-ms', '300');
  await worker.event('claimed');
  await server.queue.cancel(idOf(1));
  expect(await worker.event('task')).toMatchObject({ task_id: idOf(1), fate: 'cancelled' });
  await server.queue.enqueue(newTasks([2]));
  expect(await server.queue.waitFor(idOf(2), 60_000)).toMatchObject({ state: 'done' });
});

test('a server that is away is waited for', async () => {
  server.state.isAway = true;
  const worker = startWorker();
  await worker.event('away');
  await server.queue.enqueue(newTasks([1]));
  server.state.isAway = false;
  expect(await server.queue.waitFor(idOf(1), 60_000)).toMatchObject({ state: 'done' });
});

test('that a result waits for a server that is away is told, and that it was handed in', async () => {
  await server.queue.enqueue(newTasks([1]));
  server.state.refusesResults = true;
  const worker = startWorker('--once');
  expect(await worker.event('waits')).toEqual({
    ...{ event: 'waits', task_id: idOf(1), kind: 'execute', tenant_id: 'default' },
    ...{ message: expect.stringContaining('503'), pause_ms: 100 },
  });
  server.state.refusesResults = false;
  expect(await worker.event('delivered')).toMatchObject({ task_id: idOf(1), waited_ms: expect.any(Number) });
  expect(await worker.event('task')).toMatchObject({ task_id: idOf(1), fate: 'held' });
  expect(await worker.ended).toMatchObject({ code: 0 });
  expect(worker.events().filter(({ event }) => event === 'waits')).toHaveLength(1);
});

test('its figures and those of its host are on one page [X000-29]', async () => {
  await server.queue.enqueue(newTasks([1]));
  const worker = startWorker('--metrics-port', '0');
  const { metrics_url: url } = await worker.event('ready');
  await worker.event('task');
  const page = await (await fetch(textOf(url))).text();
  expect(page).toContain('worker_task_total{handler="echo_task",status="ok"} 1');
  expect(page).toContain('handler_duration_seconds_count{handler="echo_task.echo",status="ok"} 1');
  expect(page).toMatch(/^worker_runtime_seconds \d/mu);
  expect((await fetch(new URL('/', textOf(url)))).status).toBe(404);
});

test('workers that were added go on by themselves, are listed, and end when they are told to [X000-16]', async () => {
  const added = await run(['worker', 'add', '2', '--json', ...options()], { env: ENV });
  expect(added).toMatchObject({ code: 0 });
  const workers = JSON.parse(added.stdout) as readonly {
    readonly id: string;
    readonly pid: number;
    readonly log: string;
  }[];
  onTestFinished(() => {
    for (const { pid } of workers)
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended, as it should.
      }
  });
  expect(workers).toHaveLength(2);
  await server.queue.enqueue(newTasks([1]));
  expect(await server.queue.waitFor(idOf(1), 60_000)).toMatchObject({ state: 'done' });
  const listed = JSON.parse((await run(['worker', 'ps', '--json', '--data', data])).stdout) as typeof workers;
  expect(listed.map(({ id, pid }) => ({ id, pid })).toSorted((a, b) => a.pid - b.pid)).toEqual(
    workers.map(({ id, pid }) => ({ id, pid })).toSorted((a, b) => a.pid - b.pid),
  );
  const verbose = await run(['worker', 'ps', '-v', '--data', data]);
  expect(verbose.stdout).toContain('echo_task 1.0.0 echo');
  const [one] = workers;
  const first = await run(['worker', 'kill', one?.id ?? '', '--data', data]);
  expect(first).toMatchObject({ code: 0, stdout: `${one?.id}  pid ${one?.pid}  ended\n` });
  expect(await readFile(one?.log ?? '', 'utf8')).toContain('"event":"exit","reason":"signal"');
  expect(await run(['worker', 'kill', '--all', '--data', data])).toMatchObject({ code: 0 });
  expect((await run(['worker', 'ps', '--json', '--data', data])).stdout).toBe('[]\n');
});

test('the file of a worker that was killed is not believed, and a pid alone is no worker', async () => {
  const worker = startWorker();
  await worker.event('ready');
  worker.child.kill('SIGKILL');
  await worker.ended;
  expect((await run(['worker', 'ps', '--json', '--data', data])).stdout).toBe('[]\n');
  const forged = { kind: 'worker', queue: 'x', started_at: '2026', pid: process.pid, start_time: 1 };
  const more = { boot_id: 'x', pid_namespace: 'x' };
  await writeFile(join(data, 'workers', 'forged.json'), JSON.stringify({ ...forged, ...more }));
  expect(await run(['worker', 'kill', 'forged', '--data', data])).toMatchObject({ code: 2 });
});

test('workers of a spawner that is killed end with it', async () => {
  const spawner = startWorker('--warm-pool', '1', '--max-parallel', '1');
  const kinds = async (): Promise<readonly string[]> => (await listWorkerFiles(data)).map(({ kind }) => kind);
  await expect.poll(kinds).toEqual(['spawner', 'worker']);
  spawner.child.kill('SIGKILL');
  await expect.poll(kinds).toEqual([]);
});

test('a spawner keeps workers warm, counts what they did, and ends them with itself [X000-16] [X000-29]', async () => {
  const spawner = startWorker('--warm-pool', '1', '--max-parallel', '2', '--metrics-port', '0');
  const { metrics_url: url } = await spawner.event('ready');
  const page = async (): Promise<string> => (await fetch(textOf(url))).text();
  await expect.poll(page).toContain('warm_spawner_idle_workers 1');
  await server.queue.enqueue(newTasks([1, 2, 3]));
  for (const number of [1, 2, 3])
    expect(await server.queue.waitFor(idOf(number), 60_000)).toMatchObject({ state: 'done' });
  await expect.poll(page).toContain('worker_exit_reason_total{reason="success"} 3');
  expect(await page()).toContain('worker_task_total{handler="echo_task",status="ok"} 3');
  spawner.child.kill('SIGTERM');
  expect(await spawner.ended).toMatchObject({ code: 0 });
  expect((await run(['worker', 'ps', '--json', '--data', data])).stdout).toBe('[]\n');
});
