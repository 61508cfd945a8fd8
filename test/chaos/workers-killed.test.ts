/**
 * Workers that are killed, stopped, lied to or cut off, against a real PostgreSQL: whatever happens, each task has exactly one result and
 * none is lost (X000-32, issue 7 done-when 2).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NewTask, QueuedTask, TaskQueue } from '@bulkhead/host';
import type { Task } from '@bulkhead/protocol';
import { migrateUp, openDatabase, openTaskQueue, type Database } from '@bulkhead/store';
import { startPostgres, type PostgresServer } from '@bulkhead/store/testing';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openScratch, writeFiles, type Scratch } from '../support/scratch.ts';
import { PHASES, type WorkerRequest } from '../support/worker-script.ts';

/** Short, so that what is lost comes back soon; a heartbeat is due every third of it. */
const LEASE_MS = 600;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WAIT_MS = 60_000;

const HANDLER = (name: string, provides: string): string => `
export class ${name} {
  KIND = 'execute';
  PROVIDES = ${provides};
  dispatch(task: any) { return task.payload.for !== 'nobody'; }
  async handle(task: any) {
    if (task.payload.ms) await new Promise((resolve) => setTimeout(resolve, task.payload.ms));
    const data = { by: '${name}', square: task.payload.number ** 2 };
    return { task_id: task.id, status: 'ok', data, created_at: '2026-01-01T00:00:00Z', attempts: 1 };
  }
}`;

const cleanup = new AsyncDisposableStack();
let scratch: Scratch;
let postgres: PostgresServer;
let database: Database;
let queue: TaskQueue;
let honest: string;
let count = 0;

beforeAll(async () => {
  scratch = cleanup.use(await openScratch('workers-killed'));
  postgres = cleanup.use(await startPostgres());
  database = cleanup.use(await openDatabase({ kind: 'server', url: postgres.url }));
  await migrateUp(database);
  queue = await openTaskQueue(database);
  cleanup.defer(() => queue.close());
  honest = await writePlugin('squares', HANDLER('Squares', "['cpu']"), 'Squares');
});
afterAll(() => cleanup.disposeAsync());
beforeEach(() => {
  count += 1;
});

async function writePlugin(name: string, code: string, className: string): Promise<string> {
  const entry_points = { task_handlers: { [name]: `./main.ts#${className}` } };
  const manifest = { name, version: '1.0.0', description: `Plugin ${name}.`, author: 'Tests', entry_points };
  return writeFiles(join(scratch.path, name), { 'plugin.json': JSON.stringify(manifest), 'main.ts': code });
}

/** Of this test alone, so that no other's worker is meant. */
function newTasks(numbers: readonly number[], more: Partial<Task> = {}): readonly NewTask[] {
  const least = {
    kind: 'execute',
    requires: ['cpu'],
    attempts: 0,
    created_at: '2026-01-01T12:00:00Z',
    schema_v: 1,
  } as const;
  return numbers.map((number) => ({
    task: { ...least, payload: { number }, ...more, id: idOf(number) },
    tenant_id: 'default',
  }));
}

function idOf(number: number): string {
  return (count * 1_000 + number).toString(16).padStart(16, '0');
}

type Line = Readonly<Record<string, unknown>>;
type Running = {
  readonly child: ChildProcess;
  readonly lines: readonly Line[];
  /** The next line for which the test says yes, also one that came already; rejects where the process ends first. */
  readonly line: (holds: (line: Line) => boolean) => Promise<Line>;
};

function startNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, ['--conditions=source', '--no-warnings', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  // Those of the command line go as they are told to, and leave nothing behind; the next one clears up behind those that were killed.
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  });
  const lines: Line[] = [];
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const waiting = new Set<() => void>();
  const look = (): void => waiting.forEach((one) => one());
  createInterface({ input: child.stdout })
    .on('line', (text) => {
      lines.push(JSON.parse(text) as Line); // Both kinds of workers write nothing else.
      look();
    })
    .on('close', () => (isOver = true))
    .on('close', look);
  let isOver = false;
  const line = (holds: (line: Line) => boolean): Promise<Line> => {
    const { promise, resolve, reject } = Promise.withResolvers<Line>();
    const check = (): void => {
      const found = lines.find(holds);
      if (found !== undefined) resolve(found);
      else if (isOver) reject(new Error(`ended: ${JSON.stringify(lines)} ${complaint}`));
      else waiting.add(check);
    };
    check();
    return promise;
  };
  return { child, lines, line };
}

/** One that stops, or dies, at a place. */
function startScript(
  request: Omit<WorkerRequest, 'url' | 'leaseMs' | 'plugin'> & { readonly leaseMs?: number },
): Running {
  const full = { url: postgres.url, plugin: honest, leaseMs: LEASE_MS, ...request };
  return startNode([join(ROOT, 'test/support/worker-script.ts'), JSON.stringify(full)]);
}

/** That of the command line. */
function startWorker(id: string, plugins: readonly string[] = [honest], more: readonly string[] = []): Running {
  const dirs = plugins.flatMap((dir) => ['--plugins', dir]);
  const options = ['--json', '--id', id, '--lease-ms', String(LEASE_MS), '--data', join(scratch.path, 'data')];
  const bin = join(ROOT, 'packages/cli/bin/bulkhead.js');
  return startNode([bin, 'worker', 'start', ...options, ...dirs, ...more], { BULKHEAD_DATABASE_URL: postgres.url });
}

async function kill({ child }: Running): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function endOf(number: number): Promise<QueuedTask | undefined> {
  return queue.waitFor(idOf(number), WAIT_MS);
}

/** Rows of results, of which there is one for each task that is done. */
async function resultsOf(numbers: readonly number[]): Promise<readonly object[]> {
  const ids = numbers.map(idOf);
  return database.db.selectFrom('task_results').select('task_id').where('task_id', 'in', ids).execute();
}

test.for(PHASES)(
  'a worker that is killed at the place “%s” of a task loses nothing, and the task has one result [X000-10] [X000-14] [X000-32] [X000-33]',
  async (phase) => {
    const taskId = idOf(1);
    await queue.enqueue(newTasks([1, 2]));
    const victim = startScript({ id: 'victim', phase, taskId });
    await victim.line(({ at }) => at === phase);
    await kill(victim);
    startWorker('rescuer');
    const [first, second] = [await endOf(1), await endOf(2)];
    const isKept = phase === 'completed';
    expect(first).toMatchObject({
      ...{ state: 'done', task: { attempts: 0 } },
      result: { data: { square: 1 }, attempts: 1, worker_id: isKept ? 'victim' : 'rescuer' },
    });
    expect(second).toMatchObject({ state: 'done', result: { data: { square: 4 } } });
    expect(await resultsOf([1, 2])).toHaveLength(2);
  },
);

test('a worker that was stopped until its task was given to another drops what it has: one result of two that were made', async () => {
  await queue.enqueue(newTasks([1], { payload: { number: 3, ms: 200 } }));
  const slow = startWorker('slow');
  await slow.line(({ event }) => event === 'claimed');
  slow.child.kill('SIGSTOP');
  startWorker('quick');
  expect(await endOf(1)).toMatchObject({ state: 'done', result: { worker_id: 'quick', data: { square: 9 } } });
  slow.child.kill('SIGCONT');
  expect(await slow.line(({ event }) => event === 'task')).toMatchObject({ task_id: idOf(1), fate: 'lost' });
  expect(await queue.get(idOf(1))).toMatchObject({ result: { worker_id: 'quick' } });
  expect(await resultsOf([1])).toHaveLength(1);
});

test('a task that kills its workers is dead after five of them, and keeps no other task from being done', async () => {
  await queue.enqueue(newTasks([1, 2, 3]));
  for (let lost = 0; lost < 5; lost += 1) {
    const victim = startScript({ id: `victim-${lost}`, phase: 'handle', taskId: idOf(1), dies: true, leaseMs: 100 });
    const [, signal] = await once(victim.child, 'exit');
    expect(signal).toBe('SIGKILL');
    await expect.poll(() => queue.reclaim()).toBe(1);
  }
  startWorker('survivor');
  expect(await endOf(1)).toMatchObject({ state: 'dead', reason: expect.stringContaining('lease') });
  expect(await endOf(2)).toMatchObject({ state: 'done' });
  expect(await endOf(3)).toMatchObject({ state: 'done' });
  expect((await queue.get(idOf(1)))?.result).toBeNull();
});

test('a handler that lies about PROVIDES is given nothing, and an honest one does the task [X000-8] [F000-44]', async () => {
  const liar = await writePlugin('liar', HANDLER('Liar', "['cpu', 'internet']"), 'Liar');
  await queue.enqueue(newTasks([1], { payload: { number: 5 }, requires: ['cpu', 'internet'] }));
  const cheated = startWorker('cheated', [liar, honest], ['--tags', 'cpu,internet']);
  expect(await cheated.line(({ event }) => event === 'task')).toMatchObject({
    status: 'skip',
    handler: null,
    fate: 'held',
  });
  expect(await queue.get(idOf(1))).toMatchObject({ state: 'queued', task: { attempts: 0 } });
  await queue.enqueue(newTasks([2]));
  expect(await endOf(2)).toMatchObject({ state: 'done', result: { data: { by: 'Squares' }, worker_id: 'cheated' } });
  await queue.cancel(idOf(1));
});

test('a database that is gone for a while costs no result: what is in hand is given once it is back, and no task is done twice [X000-32]', async () => {
  const numbers = [1, 2, 3, 4];
  const worker = startWorker('patient', [honest], ['--lease-ms', '60000']);
  const idle = startWorker('idle', [honest], ['--lease-ms', '60000']);
  // One that is still on its way when the database goes ends, and the other has a result in hand, of which it says nothing.
  await Promise.all([worker, idle].map((one) => one.line(({ event }) => event === 'ready')));
  await queue.enqueue(newTasks([1], { payload: { number: 7, ms: 1_000 } }));
  await Promise.race([worker, idle].map((one) => one.line(({ event }) => event === 'claimed')));
  await postgres.stop();
  await Promise.any(
    [worker, idle].map((one) => one.line((line) => line['event'] === 'away' && Number(line['pause_ms']) >= 1_600)),
  );
  await postgres.start();
  await expect
    .poll(() =>
      queue.enqueue(newTasks([2, 3, 4])).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  for (const number of numbers) expect(await endOf(number)).toMatchObject({ state: 'done', task: { attempts: 0 } });
  expect(await resultsOf(numbers)).toHaveLength(4);
  const claimed = [...worker.lines, ...idle.lines].filter(({ event }) => event === 'claimed');
  expect(claimed).toHaveLength(4);
  expect(new Set(claimed.map(({ task_id: id }) => id))).toEqual(new Set(numbers.map(idOf)));
});

/** The fault itself (issue 7); all else is waited for. */
const OUTAGE_MS = 10_000;

test('a database that is gone for 10 s loses nothing: each task has one result, workers go on, and whoever gives a task meanwhile is told [X000-32]', async () => {
  const workers = ['first', 'second'].map((id) => startWorker(id, [honest], ['--lease-ms', '10000']));
  await Promise.all(workers.map((one) => one.line(({ event }) => event === 'ready')));
  const dead = await queue.list({ state: 'dead', rowsMax: 100 });
  const waiting = give(idOf(7), 'gpu', '--wait');
  await expect.poll(() => queue.get(idOf(7)), { timeout: WAIT_MS }).toBeDefined();
  // One ends while the database is gone, one when it is back; the others wait in their line.
  const inHand = [OUTAGE_MS / 2, OUTAGE_MS + 2_000].map((ms, index) =>
    newTasks([index + 1], { payload: { number: 7, ms } }),
  );
  await queue.enqueue([...inHand.flat(), ...newTasks([3, 4, 5, 6])]);
  await Promise.all(workers.map((one) => one.line(({ event }) => event === 'claimed')));

  await postgres.stop();
  const goneAt = performance.now();
  expect(workers.flatMap(({ lines }) => lines).filter(({ event }) => event === 'task')).toEqual([]);
  const away = {
    code: expect.toSatisfy((code) => Number(code) > 0),
    said: expect.stringContaining('(STORAGE_UNAVAILABLE)'),
  };
  expect(await waiting).toEqual(away);
  expect(await give(idOf(8), 'cpu')).toEqual(away);
  await sleep(OUTAGE_MS - (performance.now() - goneAt));
  await postgres.start();

  await expect.poll(async () => (await give(idOf(8), 'cpu')).code, { timeout: WAIT_MS }).toBe(0);
  const done = [1, 2, 3, 4, 5, 6, 8];
  for (const number of done) expect(await endOf(number)).toMatchObject({ state: 'done', task: { attempts: 0 } });
  expect(await resultsOf([...done, 7])).toHaveLength(done.length);
  expect(await queue.list({ state: 'dead', rowsMax: 100 })).toEqual(dead);
  expect(await queue.cancel(idOf(7))).toMatchObject({ state: 'cancelled' });
  for (const { child, lines } of workers) {
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    expect(lines.filter(({ event }) => event === 'ready')).toHaveLength(1);
    const held = lines.filter(({ event, fate }) => event === 'task' && fate === 'held').map(({ task_id: id }) => id);
    expect(new Set(held).size).toBe(held.length);
  }
}, 240_000);

/** Gives a task by the command line, on the database itself. */
async function give(id: string, tag: string, ...more: readonly string[]) {
  const line = `queue add --kind execute --payload {"number":8} --requires ${tag} --id ${id}`;
  const args = [...line.split(' '), ...more];
  const bin = join(ROOT, 'packages/cli/bin/bulkhead.js');
  const child = spawn(process.execPath, ['--conditions=source', '--no-warnings', bin, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, BULKHEAD_DATABASE_URL: postgres.url },
  });
  const ended = once(child, 'close');
  const said = await text(child.stderr);
  const [code] = (await ended) as [number | null]; // Of `close`.
  return { code, said };
}
