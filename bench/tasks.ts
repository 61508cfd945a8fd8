/**
 * Question: how many tasks a minute go through the queue in memory, from enqueue to its result, and how long does a claim take?
 *
 * Workload: tasks of 200 bytes, under 200 sets of required tags and of 20 tenants with 5 priorities. First 100,000 are queued at once, in
 * enqueues of 100, of which one worker claims 10,000 by itself, each claim timed; then 16 workers, each with every tag or half of them, claim
 * and complete what is left. Then each of 100,000 tasks is given, claimed and completed by itself while 10,000 others wait that
 * nobody can do. Last, a worker that waits is given 2,000 tasks, one at a time, each with the way from `enqueue` to the end of its `claim`.
 * Five rounds of the first two; the median counts.
 *
 * Budget: at least 600,000 tasks a minute (EVIDENCE E9), in both; a claim among 100,000 tasks at most 0.1 ms, a waiting worker is given a
 * task within 1 ms (p50; p99 is told, for on a busy machine it is the scheduler's). About half a minute.
 */
import { createMemoryTaskQueue } from '../packages/host/src/tasks/memory-queue.ts';
import type { NewTask, TaskLease, TaskQueue } from '../packages/host/src/tasks/task-queue.ts';
import { atLeast, atMost, report, say, told, type Figure } from './lib/figures.ts';
import { median, quantile } from './lib/statistics.ts';

const TASKS = 100_000;
const BATCH = 100;
const TIMED = 10_000;
const SETS = 200;
const TENANTS = 20;
const WORKERS = 16;
const ROUNDS = 5;
const BLOCKED = 10_000;
const WAKES = 2_000;
const PER_MINUTE_MIN = 600_000;
const PAYLOAD = { entry: 'sort', source: 'x'.repeat(140), cases: [1, 2, 3, 4, 5] };
/** Pairs of them are more than 200 sets. */
const ALL_TAGS = Array.from({ length: 21 }, (_, tag) => `tag-${tag}`);
const REQUIRES = ALL_TAGS.flatMap((one, index) => ALL_TAGS.slice(index + 1).map((other) => [one, other])).slice(
  0,
  SETS,
);

const full: Full[] = [];
const alone: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  say(`round ${round + 1} of ${ROUNDS}`);
  full.push(await measureFull());
  alone.push(await measureAlone());
}
const wakes = await measureWakes();
report('tasks in memory', figures());

type Full = {
  readonly perMinute: number;
  readonly cpuUs: number;
  readonly enqueueUs: number;
  readonly claimMs: readonly number[];
};

function figures(): readonly Figure[] {
  const claims = full.flatMap(({ claimMs }) => claimMs);
  const bound = PER_MINUTE_MIN;
  return [
    atLeast('memory_queued_100000', median(full.map(({ perMinute }) => perMinute)), { unit: 'tasks/min', bound }),
    atLeast('memory_one_by_one', median(alone), { unit: 'tasks/min', bound }),
    told('memory_processor_time', median(full.map(({ cpuUs }) => cpuUs)), 'µs/task'),
    told('memory_enqueue', median(full.map(({ enqueueUs }) => enqueueUs)), 'µs/task'),
    atMost('memory_claim_p50', quantile(claims, 0.5), { unit: 'ms', bound: 0.1 }),
    told('memory_claim_p99', quantile(claims, 0.99), 'ms'),
    atMost('memory_wake_p50', quantile(wakes, 0.5), { unit: 'ms', bound: 1 }),
    told('memory_wake_p99', quantile(wakes, 0.99), 'ms'),
  ];
}

async function measureFull(): Promise<Full> {
  const tasks = Array.from({ length: TASKS }, (_, number) => taskOf(number));
  const queue = createMemoryTaskQueue();
  const cpuFrom = process.cpuUsage();
  const from = performance.now();
  for (let at = 0; at < TASKS; at += BATCH) await queue.enqueue(tasks.slice(at, at + BATCH));
  const enqueueUs = ((performance.now() - from) * 1_000) / TASKS;
  const claimMs: number[] = [];
  const first = await work(queue, { worker: 0, countMax: TIMED, claimMs });
  const others = await Promise.all(
    Array.from({ length: WORKERS }, (_, worker) => work(queue, { worker, countMax: TASKS, claimMs: [] })),
  );
  const ms = performance.now() - from;
  const cpu = process.cpuUsage(cpuFrom);
  const done = others.reduce((sum, count) => sum + count, first);
  if (done !== TASKS) throw new Error(`${done} of ${TASKS} tasks were done`);
  await queue.close();
  return { perMinute: (TASKS / ms) * 60_000, cpuUs: (cpu.user + cpu.system) / TASKS, enqueueUs, claimMs };
}

type Worker = { readonly worker: number; readonly countMax: number; readonly claimMs: number[] };

/** A worker that claims until there is nothing, or it has done enough; answers how much. Every second one has half of the tags. */
async function work(queue: TaskQueue, { worker, countMax, claimMs }: Worker): Promise<number> {
  const tags = worker % 2 === 0 ? ALL_TAGS : ALL_TAGS.slice(0, ALL_TAGS.length / 2);
  for (let count = 0; count < countMax; count += 1) {
    const from = performance.now();
    const lease = await queue.claim({ worker_id: `w${worker}`, tags, lease_ms: 60_000, wait_ms: 0 });
    claimMs.push(performance.now() - from);
    if (lease === undefined) return count;
    await finish(queue, lease);
  }
  return countMax;
}

async function measureAlone(): Promise<number> {
  const queue = createMemoryTaskQueue();
  const blocked = Array.from({ length: BLOCKED }, (_, number) =>
    taskOf(TASKS + number, ['gpu', ...requiresOf(number)]),
  );
  await queue.enqueue(blocked);
  const tasks = Array.from({ length: TASKS }, (_, number) => taskOf(number));
  const from = performance.now();
  for (const task of tasks) {
    await queue.enqueue([task]);
    const lease = await queue.claim({ worker_id: 'w0', tags: ALL_TAGS, lease_ms: 60_000, wait_ms: 0 });
    if (lease?.task.id !== task.task.id) throw new Error(`${task.task.id} was not given`);
    await finish(queue, lease);
  }
  const perMinute = (TASKS / (performance.now() - from)) * 60_000;
  await queue.close();
  return perMinute;
}

async function measureWakes(): Promise<readonly number[]> {
  const queue = createMemoryTaskQueue();
  const times: number[] = [];
  for (let number = 0; number < WAKES; number += 1) {
    const waiting = queue.claim({ worker_id: 'w0', tags: ALL_TAGS, lease_ms: 60_000, wait_ms: 60_000 });
    const from = performance.now();
    await queue.enqueue([taskOf(number)]);
    const lease = await waiting;
    times.push(performance.now() - from);
    if (lease !== undefined) await finish(queue, lease);
  }
  await queue.close();
  return times;
}

async function finish(queue: TaskQueue, { lease, task }: TaskLease): Promise<void> {
  const answer = await queue.complete(lease, {
    task_id: task.id,
    status: 'ok',
    data: { score: 1 },
    created_at: '2026-01-01T12:00:01Z',
    attempts: 1,
    worker_id: 'w0',
    handler_version: 'bench 1.0.0',
    image_tag: 'bench',
  });
  if (answer !== 'held') throw new Error(`the lease on ${task.id} is ${answer}`);
}

function taskOf(number: number, requires: readonly string[] = requiresOf(number)): NewTask {
  return {
    task: {
      kind: 'execute',
      id: number.toString(16).padStart(32, '0'),
      payload: PAYLOAD,
      requires,
      attempts: 0,
      created_at: '2026-01-01T12:00:00Z',
      schema_v: 1,
    },
    tenant_id: `tenant-${(number * 7) % TENANTS}`,
    priority: ((number * 13) % 5) - 2,
  };
}

function requiresOf(number: number): readonly string[] {
  return REQUIRES[number % SETS] ?? [];
}
