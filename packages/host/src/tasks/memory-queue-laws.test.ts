/**
 * Laws of the queue in memory over generated work: who is given what (E10), and that nothing is lost or done twice whatever happens.
 */
import type { Task } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFakeTime } from './fake-time.fixture.ts';
import { claimOf, idOf, newTask, resultOf } from './conformance-fixture.ts';
import { createMemoryTaskQueue } from './memory-queue.ts';
import type { NewTask, TaskLease, TaskQueue } from './task-queue.ts';

const TAGS = ['cpu', 'llm', 'docker', 'gpu', 'cuda12', 'internet', 'rust', 'node'];
const SETS = 32;
const WORKERS = 16;
const TASKS = 10_000;

const isSubset = (of: readonly string[], tags: readonly string[]): boolean => of.every((tag) => tags.includes(tag));

/** The members of a set, by the bits of a number. */
const tagsOf = (bits: number): readonly string[] => TAGS.filter((_, index) => (bits >> index) % 2 === 1);

test('every task goes to a worker that can do it, none waits behind another, and what nobody can do is told [X000-8] (E10)', async () => {
  const bits = fc.integer({ min: 0, max: 2 ** TAGS.length - 1 });
  const sets = fc.uniqueArray(bits, { minLength: SETS, maxLength: SETS });
  const workers = fc.array(bits, { minLength: WORKERS, maxLength: WORKERS });
  const choices = fc.infiniteStream(fc.nat(2 ** 24));
  await fc.assert(
    fc.asyncProperty(sets, workers, choices, async (setBits, workerBits, numbers) => {
      const requires = setBits.map(tagsOf);
      const left = requires.map(() => 0);
      const tasks = Array.from({ length: TASKS }, (_, number): NewTask => {
        const choice = Number(numbers.next().value);
        const set = choice % SETS;
        left[set] = (left[set] ?? 0) + 1;
        const change = { requires: requires[set] ?? [], payload: { set }, tenant_id: `t${(choice >> 5) % 7}` };
        return newTask(number, { ...change, priority: ((choice >> 8) % 5) - 2 });
      });
      const queue = createMemoryTaskQueue(createFakeTime());
      await queue.enqueue(tasks);
      const seen = await workAll(queue, { workers: workerBits.map(tagsOf), requires, left });
      expect(seen.size).toBe(TASKS - left.reduce((sum, count) => sum + count, 0));
      const told = (await queue.backlog()).map(
        (line) => `${line.requires.join(' ')}: ${line.queued}, ${line.unschedulable}`,
      );
      const expected = requires.flatMap((set, index) => {
        const count = left[index] ?? 0;
        return count === 0 ? [] : [`${set.toSorted().join(' ')}: ${count}, ${count}`];
      });
      expect(told.toSorted()).toEqual(expected.toSorted());
      expect(requires.filter((_, index) => (left[index] ?? 0) > 0)).toEqual(
        requires.filter(
          (set, index) => (left[index] ?? 0) > 0 && !workerBits.some((one) => isSubset(set, tagsOf(one))),
        ),
      );
      await queue.close();
    }),
    { numRuns: 10 },
  );
});

type Work = {
  readonly workers: readonly (readonly string[])[];
  readonly requires: readonly (readonly string[])[];
  /** Tasks of each set that nobody has done; counted down. */
  readonly left: number[];
};

/** Lets the workers claim in turn until none is given anything; answers what was done. */
async function workAll(queue: TaskQueue, { workers, requires, left }: Work): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  let idle = 0;
  for (let turn = 0; idle < workers.length; turn += 1) {
    const tags = workers[turn % workers.length] ?? [];
    const lease = await queue.claim(claimOf({ worker_id: `w${turn % workers.length}`, tags }));
    if (lease === undefined) {
      idle += 1;
      // No head-of-line blocking: nothing that this worker could do is there.
      const blocked = requires.filter((set, index) => (left[index] ?? 0) > 0 && isSubset(set, tags));
      if (blocked.length > 0) throw new Error(`a worker with ${tags.join(', ')} was given nothing`);
      continue;
    }
    idle = 0;
    if (!isSubset(lease.task.requires, tags))
      throw new Error(`a worker without the tags of ${lease.task.id} was given it`);
    const set = Number(lease.task.payload['set']);
    left[set] = (left[set] ?? 0) - 1;
    if (seen.size === seen.add(lease.task.id).size) throw new Error(`${lease.task.id} was given twice`);
    await queue.complete(lease.lease, resultOf(lease, 'ok'));
  }
  return seen;
}

type Step =
  | { readonly kind: 'enqueue' | 'cancel' | 'claim'; readonly number: number; readonly choice: number }
  | { readonly kind: 'ok' | 'error' | 'again' | 'skip' | 'heartbeat'; readonly which: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'reclaim' | 'retry' };

const number = fc.nat(30);
const which = fc.nat(50);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom(
      'enqueue' as const,
      'enqueue' as const,
      'claim' as const,
      'claim' as const,
      'cancel' as const,
    ),
    number,
    choice: fc.nat(2 ** 16),
  }),
  fc.record({
    kind: fc.constantFrom('ok' as const, 'error' as const, 'again' as const, 'skip' as const, 'heartbeat' as const),
    which,
  }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.constantFrom(1_000, 40_000, 70_000, 300_000) }),
  fc.record({ kind: fc.constantFrom('reclaim' as const, 'retry' as const) }),
);

test('whatever happens, no task is lost, none is done twice, and counts are those of the tasks [X000-9]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
      const time = createFakeTime();
      const queue = createMemoryTaskQueue({ ...time, retryMs: 60_000 });
      const leases: TaskLease[] = [];
      const given = new Set<string>();
      const done = new Map<string, unknown>();
      for (const one of steps) {
        await run(one, { queue, advance: time.advance, leases, given, done });
        await checkCounts(queue, { given, done });
      }
      await finish(queue, time.advance);
      for (const { task, state } of await queue.list({ rowsMax: 1_000 })) {
        expect([task.id, state]).toEqual([task.id, expect.stringMatching(/^(?:done|dead|cancelled)$/)]);
      }
      expect(await queue.backlog()).toEqual([]);
      await queue.close();
    }),
    { numRuns: 150 },
  );
});

type World = {
  readonly queue: TaskQueue;
  readonly advance: (ms: number) => Promise<void>;
  /** All that were ever given, also those that are lost. */
  readonly leases: TaskLease[];
  readonly given: Set<string>;
  /** The result that each task was ended by. */
  readonly done: Map<string, unknown>;
};

async function run(one: Step, world: World): Promise<unknown> {
  const { queue } = world;
  switch (one.kind) {
    case 'enqueue':
      world.given.add(idOf(one.number));
      return queue.enqueue([taskOf(one)]);
    case 'cancel':
      return queue.cancel(idOf(one.number));
    case 'claim':
      return claim(one, world);
    case 'advance':
      return world.advance(one.ms);
    case 'reclaim':
      return queue.reclaim();
    case 'retry':
      return queue.retryDead({ kind: 'execute' });
    default:
      return end(one, world);
  }
}

function taskOf({ number: id, choice }: { readonly number: number; readonly choice: number }): NewTask {
  const kinds: readonly Task['kind'][] = ['execute', 'render'];
  return newTask(id, {
    kind: kinds[choice % 2] ?? 'execute',
    requires: tagsOf((choice >> 1) % 8),
    tenant_id: `t${(choice >> 4) % 3}`,
    priority: ((choice >> 6) % 3) - 1,
    max_retry: (choice >> 8) % 3,
    ...((choice >> 10) % 4 === 0 && { deadline: '2026-01-01T12:05:00Z' }),
  });
}

async function claim({ number: worker, choice }: { readonly number: number; readonly choice: number }, world: World) {
  const tags = tagsOf(choice % 8);
  const lease = await world.queue.claim(claimOf({ worker_id: `w${worker % 4}`, tags }));
  if (lease === undefined) return;
  expect(isSubset(lease.task.requires, tags)).toBe(true);
  world.leases.push(lease);
}

async function end(one: Extract<Step, { readonly which: number }>, { queue, leases, done }: World): Promise<void> {
  const lease = leases[one.which % Math.max(1, leases.length)];
  if (lease === undefined) return;
  if (one.kind === 'heartbeat') return void (await queue.heartbeat(lease.lease, 60_000));
  const status = one.kind === 'again' ? 'error' : one.kind;
  const result = resultOf(lease, status, { retryable: one.kind === 'again', by: lease.lease });
  const answer = await queue.complete(lease.lease, result);
  if (answer !== 'held' || status !== 'ok') return;
  expect(done.has(lease.task.id)).toBe(false);
  done.set(lease.task.id, result);
}

async function checkCounts(queue: TaskQueue, { given, done }: Pick<World, 'given' | 'done'>): Promise<void> {
  const tasks = await queue.list({ rowsMax: 1_000 });
  expect(new Set(tasks.map(({ task }) => task.id))).toEqual(given);
  const countOf = (state: string): number => tasks.filter((task) => task.state === state).length;
  const lines = await queue.backlog();
  const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
  expect([sumOf(lines.map(({ queued }) => queued)), sumOf(lines.map(({ active }) => active))]).toEqual([
    countOf('queued'),
    countOf('active'),
  ]);
  for (const [id, result] of done) expect(await queue.get(id)).toMatchObject({ state: 'done', result });
}

/** A worker that has every tag and no past does what is left, after those who had it are thought dead. */
async function finish(queue: TaskQueue, advance: (ms: number) => Promise<void>): Promise<void> {
  await advance(86_400_000);
  await queue.reclaim(1_000);
  for (;;) {
    const lease = await queue.claim(claimOf({ worker_id: 'last', tags: TAGS }));
    if (lease === undefined) return;
    await queue.complete(lease.lease, resultOf(lease, 'ok'));
  }
}
