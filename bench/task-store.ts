/**
 * Question: how many tasks go through the queue, and how soon does a worker that waits have one?
 *
 * Workload: tasks without work, of four tenants and two sets of tags, are given in batches of 100, then claimed and completed one by one:
 * on PGlite, with a commit that waits for the disk, by one worker in the same process; on PostgreSQL by four processes. Then a worker that
 * waits is given one task at a time, 100 times: on PostgreSQL by another connection, so that the notice goes through the server.
 *
 * Budget: claimed and completed, 10,000 tasks a minute on PGlite and 20,000 on PostgreSQL (EVIDENCE E9); p50 of a claim that waited at most
 * 50 ms. About a minute.
 */
import type { NewTask, TaskQueue } from '@bulkhead/host';
import { migrateUp, openDatabase, openTaskQueue, type DatabasePlace } from '@bulkhead/store';
import { openTestServer } from '@bulkhead/store/testing';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atLeast, atMost, report, say, told, type Figure } from './lib/figures.ts';
import { quantile } from './lib/statistics.ts';
import { workThrough } from './task-store/work-through.ts';

const TASKS = { pglite: 3_000, postgres: 8_000 } as const;
const BATCH = 100;
const WORKERS = 4;
const ROUNDS = 100;
const BOUNDS = { pglite: 10_000, postgres: 20_000, claimMs: 50 };
const MINUTE_MS = 60_000;

await using cleanup = new AsyncDisposableStack();
const dir = await mkdtemp(join(tmpdir(), 'bulkhead-tasks-'));
cleanup.defer(() => rm(dir, { recursive: true, force: true }));
const url = await cleanup.use(await openTestServer()).createDatabase();
report('task-store', [
  ...(await measure('pglite', { kind: 'directory', dir })),
  ...(await measure('postgres', { kind: 'server', url })),
]);

async function measure(engine: keyof typeof TASKS, place: DatabasePlace): Promise<readonly Figure[]> {
  say(engine);
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await openDatabase(place));
  await migrateUp(database);
  const queue = await openTaskQueue(database);
  opened.defer(() => queue.close());
  const count = TASKS[engine];
  const givenMs = await timed(() => giveTasks(queue, count));
  const workedMs = engine === 'pglite' ? await timed(() => workThrough(queue, 'w1')) : await workTogether();
  const waits = await measureWaits(queue, engine === 'pglite' ? queue : await openOther(opened));
  return [
    told(`${engine}_enqueued`, perMinute(count, givenMs), 'tasks/min'),
    atLeast(`${engine}_done`, perMinute(count, workedMs), { unit: 'tasks/min', bound: BOUNDS[engine] }),
    atMost(`${engine}_idle_claim_p50`, quantile(waits, 0.5), { unit: 'ms', bound: BOUNDS.claimMs }),
    told(`${engine}_idle_claim_p99`, quantile(waits, 0.99), 'ms'),
  ];
}

async function openOther(opened: AsyncDisposableStack): Promise<TaskQueue> {
  const database = opened.use(await openDatabase({ kind: 'server', url }));
  const queue = await openTaskQueue(database);
  opened.defer(() => queue.close());
  return queue;
}

async function giveTasks(queue: TaskQueue, count: number): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    await queue.enqueue(Array.from({ length: BATCH }, (_, index) => newTask(from + index)));
  }
}

/** From the word to begin until the last has found nothing more. */
async function workTogether(): Promise<number> {
  const workers = Array.from({ length: WORKERS }, () =>
    fork(new URL('task-store/worker.ts', import.meta.url), [url], { execArgv: ['--conditions=source'] }),
  );
  await Promise.all(workers.map(answerOf));
  return timed(async () => {
    const done = workers.map(answerOf);
    for (const worker of workers) worker.send('begin');
    const counts = (await Promise.all(done)).map(Number);
    if (counts.reduce((sum, count) => sum + count, 0) !== TASKS.postgres)
      throw new Error(`the workers did ${counts.join(', ')}`);
  });
}

async function answerOf(worker: ChildProcess): Promise<unknown> {
  const [answer] = (await once(worker, 'message')) as [unknown]; // Node's documentation of the event.
  return answer;
}

/** From the begin of an enqueue until the worker has the task. */
async function measureWaits(queue: TaskQueue, other: TaskQueue): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const coming = queue.claim({ worker_id: 'waits', tags: ['cpu'], lease_ms: MINUTE_MS, wait_ms: MINUTE_MS });
    await queue.backlog(); // By then the claim has looked, and waits.
    const from = performance.now();
    await other.enqueue([newTask(1_000_000 + round)]);
    if ((await coming) === undefined) throw new Error('no task came within a minute');
    times.push(performance.now() - from);
  }
  return times;
}

function newTask(number: number): NewTask {
  const id = number.toString(16).padStart(32, '0');
  const requires = number % 2 === 0 ? ['cpu'] : [];
  const task = {
    id,
    kind: 'execute',
    payload: { number },
    requires,
    attempts: 0,
    created_at: '2026-01-01T12:00:00Z',
  } as const;
  return { task: { ...task, schema_v: 1 }, tenant_id: `tenant-${number % 4}` };
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await run();
  return performance.now() - from;
}

function perMinute(count: number, ms: number): number {
  return Math.round((count / ms) * MINUTE_MS);
}
