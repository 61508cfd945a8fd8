/**
 * A worker by a time that the tests let pass, and a queue in memory.
 */
import type { AuditedResult, HandlerOffer, TaskQueue } from '@bulkhead/host';
import type { Task } from '@bulkhead/protocol';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { LAST_TRIES_MS, type TaskRunner, type WorkerQueue } from './work-on-lease.ts';
import { createWorker, workerKinds, type WorkerEvent, type WorkerExit, type WorkerOptions } from './worker.ts';
import { pauseMs, PAUSE_MS } from './queue-away.ts';
import {
  createFakeQueue,
  createFakeTime,
  idOf,
  newTasks,
  resultOf,
  withOutages,
  type FakeTime,
} from './worker.fixture.ts';

let time: FakeTime;
let queue: TaskQueue;
beforeEach(() => {
  time = createFakeTime();
  queue = createFakeQueue(time);
});

/** Runs tasks when the test says so; each call waits until it is finished, or aborted. */
function createHands() {
  const running = new Map<
    string,
    { readonly task: Task; readonly signal: AbortSignal; finish: (result?: AuditedResult) => void }
  >();
  const runTask: TaskRunner = (task, { signal }) => {
    const { promise, resolve } = Promise.withResolvers<AuditedResult>();
    const finish = (result = resultOf(task)): void => {
      running.delete(task.id);
      resolve(result);
    };
    running.set(task.id, { task, signal, finish });
    signal.addEventListener('abort', () => finish(resultOf(task, { retryable: true, kind: 'cancelled' }, 'error')));
    return promise;
  };
  const hand = (number: number) => {
    const found = running.get(idOf(number));
    if (found === undefined) throw new Error(`task ${number} is not in hand`);
    return found;
  };
  return { runTask, running, hand };
}

const AT_ONCE: TaskRunner = async (task) => resultOf(task);

function start(options: Partial<WorkerOptions> = {}) {
  const events: WorkerEvent[] = [];
  const stopping = new AbortController();
  const worker = createWorker({
    ...{ queue, runTask: AT_ONCE, workerId: 'w1', tags: ['cpu'], kinds: ['execute'] },
    ...{ clock: time.clock, didHappen: (event) => void events.push(event) },
    ...options,
  });
  let exit: WorkerExit | undefined;
  const ended = worker.run(stopping.signal).then((how) => (exit = how));
  const fates = (): readonly string[] => events.flatMap((event) => (event.kind === 'task' ? event.fate : []));
  return { events, stopping, ended, fates, exit: () => exit };
}

const stateOf = async (number: number): Promise<string | undefined> => (await queue.get(idOf(number)))?.state;

test('tasks are done one after another, each result is in the queue, and it leaves once it has idled [X000-15]', async () => {
  await queue.enqueue(newTasks([1, 2, 3]));
  const { ended, fates } = start({ idleExitMs: 60_000 });
  await time.advance(59_999);
  expect(fates()).toEqual(['held', 'held', 'held']);
  await time.advance(1);
  expect(await ended).toEqual({ reason: 'idle', tasks: 3 });
  expect(await Promise.all([1, 2, 3].map(stateOf))).toEqual(['done', 'done', 'done']);
  expect(time.timers.size).toBe(0);
});

test('a task that comes while it waits is done, and the idle time begins anew after it', async () => {
  const { ended, exit } = start({ idleExitMs: 60_000 });
  await time.advance(50_000);
  await queue.enqueue(newTasks([1]));
  await time.advance(59_000);
  expect(exit()).toBeUndefined();
  expect(await stateOf(1)).toBe('done');
  await time.advance(1_000);
  expect(await ended).toEqual({ reason: 'idle', tasks: 1 });
});

test('a one-shot worker claims exactly one task and ends with success [X000-15]', async () => {
  await queue.enqueue(newTasks([1, 2]));
  const { ended } = start({ isOneShot: true, concurrency: 4 });
  expect(await ended).toEqual({ reason: 'success', tasks: 1 });
  expect(await Promise.all([1, 2].map(stateOf))).toEqual(['done', 'queued']);
});

test('a lease is held by a heartbeat every third of it while the task runs', async () => {
  await queue.enqueue(newTasks([1]));
  const { runTask, hand } = createHands();
  start({ runTask, leaseMs: 9_000 });
  for (let second = 0; second < 60; second += 1) {
    await time.advance(1_000);
    expect(await queue.reclaim()).toBe(0);
  }
  expect((await queue.get(idOf(1)))?.lease_until).toBe('2026-01-01T12:01:09.000Z');
  hand(1).finish();
  await time.advance(0);
  expect(await stateOf(1)).toBe('done');
});

test.for([
  ['cancelled', async (): Promise<void> => void (await queue.cancel(idOf(1)))],
  [
    'lost',
    async (): Promise<void> => {
      // Somebody else is given it, because nobody heard of this worker for a while.
      await time.advance(0);
      time.timers.clear();
      await time.advance(10_001);
      await queue.reclaim();
      await queue.claim({ worker_id: 'w2', tags: ['cpu'], lease_ms: 60_000, wait_ms: 0 });
    },
  ],
] as const)('a task that was %s is ended, and its result is dropped', async ([fate, happens]) => {
  await queue.enqueue(newTasks([1]));
  const { runTask, hand } = createHands();
  const { events, fates } = start({ runTask });
  await time.advance(0);
  const { signal } = hand(1);
  await happens();
  if (fate === 'lost') hand(1).finish();
  else await time.advance(3_334);
  await time.advance(0);
  expect(signal.aborted).toBe(fate === 'cancelled');
  expect(fates()).toEqual([fate]);
  expect(events.at(-1)).toMatchObject({ kind: 'task', fate });
  expect((await queue.get(idOf(1)))?.result).toBeNull();
});

test('told to go it claims nothing more, and finishes and gives back what is in hand first', async () => {
  await queue.enqueue(newTasks([1, 2]));
  const { runTask, hand, running } = createHands();
  const { stopping, ended, exit } = start({ runTask });
  await time.advance(0);
  stopping.abort();
  await time.advance(60_000);
  expect(exit()).toBeUndefined();
  expect(hand(1).signal.aborted).toBe(false);
  hand(1).finish();
  expect(await ended).toEqual({ reason: 'signal', tasks: 1 });
  expect(running.size).toBe(0);
  expect(await Promise.all([1, 2].map(stateOf))).toEqual(['done', 'queued']);
});

test('one that waits in a claim goes at once when it is told to', async () => {
  const { stopping, ended } = start();
  await time.advance(10);
  stopping.abort();
  expect(await ended).toEqual({ reason: 'signal', tasks: 0 });
  expect(time.timers.size).toBe(0);
});

test('one that is told to go before it has begun claims nothing', async () => {
  await queue.enqueue(newTasks([1]));
  const worker = createWorker({
    ...{ queue, runTask: AT_ONCE, workerId: 'w1', tags: ['cpu'], kinds: ['execute'], clock: time.clock },
  });
  expect(await worker.run(AbortSignal.abort())).toEqual({ reason: 'signal', tasks: 0 });
  expect(await stateOf(1)).toBe('queued');
});

test('after its longest time it goes, once what is in hand is finished [decision 7]', async () => {
  await queue.enqueue(newTasks([1, 2]));
  const { runTask, hand } = createHands();
  const { ended, exit } = start({ runTask });
  await time.advance(4 * 3_600_000);
  expect(exit()).toBeUndefined();
  hand(1).finish();
  expect(await ended).toEqual({ reason: 'timeout', tasks: 1 });
});

test('as many tasks are in hand as it has lanes, and no more', async () => {
  await queue.enqueue(newTasks([1, 2, 3, 4, 5]));
  const { runTask, running, hand } = createHands();
  start({ runTask, concurrency: 3 });
  await time.advance(0);
  expect([...running.keys()]).toEqual([1, 2, 3].map(idOf));
  hand(2).finish();
  await time.advance(0);
  expect([...running.keys()]).toEqual([1, 3, 4].map(idOf));
});

test('only kinds of its handlers are claimed, with tags that its own imply', async () => {
  await queue.enqueue(newTasks([1], { kind: 'render' }));
  await queue.enqueue(newTasks([2], { requires: ['docker'] }));
  await queue.enqueue(newTasks([3], { requires: ['python', 'cpu'] }));
  start({ tags: ['pandas'] });
  await time.advance(0);
  expect(await Promise.all([1, 2, 3].map(stateOf))).toEqual(['queued', 'queued', 'done']);
});

test('a queue that is away is waited for in pauses that double, and time without it is not idle time', async () => {
  const outages = withOutages(queue);
  await queue.enqueue(newTasks([1]));
  outages.state.away = true;
  const { events, exit } = start({ queue: outages.queue, idleExitMs: 15_000 });
  await time.advance(60_000);
  expect(exit()).toBeUndefined();
  const pauses = events.flatMap((event) => (event.kind === 'away' ? event.pauseMs : []));
  expect(pauses.slice(0, 9)).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  outages.state.away = false;
  await time.advance(10_000);
  expect(await stateOf(1)).toBe('done');
});

test('a result in hand is given once the queue is back, and once [X000-32]', async () => {
  const outages = withOutages(queue);
  await queue.enqueue(newTasks([1]));
  const { runTask, hand } = createHands();
  const { fates } = start({ queue: outages.queue, runTask });
  await time.advance(0);
  outages.state.away = true;
  hand(1).finish(resultOf(hand(1).task, { by: 'first' }));
  await time.advance(10_000);
  expect(fates()).toEqual([]);
  outages.state.away = false;
  await time.advance(10_000);
  expect(fates()).toEqual(['held']);
  expect((await queue.get(idOf(1)))?.result?.data).toEqual({ by: 'first' });
});

test('that a result in hand is not taken is told once, and once that it was handed in', async () => {
  const outages = withOutages(queue);
  await queue.enqueue(newTasks([1]));
  const { runTask, hand } = createHands();
  const { events } = start({ queue: outages.queue, runTask });
  const told = (): readonly object[] => events.filter(({ kind }) => kind === 'waits' || kind === 'delivered');
  await time.advance(0);
  outages.state.away = true;
  hand(1).finish();
  await time.advance(5_000);
  const lease = expect.objectContaining({ task: expect.objectContaining({ id: idOf(1) }) });
  const error = expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' });
  expect(told()).toEqual([{ kind: 'waits', lease, error, pauseMs: 100 }]);
  outages.state.away = false;
  await time.advance(5_000);
  expect(told().slice(1)).toEqual([{ kind: 'delivered', lease, waitedMs: 6_300 }]);
  expect(events.map(({ kind }) => kind)).toEqual(['claimed', 'waits', 'delivered', 'task']);
});

test('a result that is taken at once, and one that nobody wants any more, are not told as handed in late', async () => {
  const outages = withOutages(queue);
  await queue.enqueue(newTasks([1, 2]));
  const { runTask, hand } = createHands();
  const { events } = start({ queue: outages.queue, runTask });
  await time.advance(0);
  hand(1).finish();
  await time.advance(0);
  outages.state.away = true;
  hand(2).finish();
  await time.advance(0);
  await queue.cancel(idOf(2));
  outages.state.away = false;
  await time.advance(10_000);
  expect(events.map(({ kind }) => kind)).toEqual(['claimed', 'task', 'claimed', 'waits', 'task']);
  expect(events.at(-1)).toMatchObject({ fate: 'cancelled' });
});

test('one that has to go does not wait for ever for a queue that is away', async () => {
  const outages = withOutages(queue);
  await queue.enqueue(newTasks([1]));
  const { runTask, hand } = createHands();
  const { ended, fates, stopping } = start({ queue: outages.queue, runTask });
  await time.advance(0);
  outages.state.away = true;
  stopping.abort();
  hand(1).finish();
  await time.advance(LAST_TRIES_MS + PAUSE_MS.most);
  expect(await ended).toMatchObject({ reason: 'signal' });
  expect(fates()).toEqual(['undelivered']);
  expect(await stateOf(1)).toBe('active');
});

test('a result that the queue does not take is kept as an error, and the worker goes on', async () => {
  await queue.enqueue(newTasks([1, 2]));
  const { fates } = start({ runTask: async (task) => resultOf(task.id === idOf(1) ? { ...task, id: idOf(9) } : task) });
  await time.advance(0);
  expect(fates()).toEqual(['refused', 'held']);
  expect(await Promise.all([1, 2].map(stateOf))).toEqual(['dead', 'done']);
});

test('a queue that refuses the worker ends it with an error', async () => {
  const refusing: WorkerQueue = { ...queue, claim: () => Promise.reject(new TypeError('not allowed')) };
  const { ended } = start({ queue: refusing });
  expect(await ended).toMatchObject({ reason: 'error', error: { message: 'not allowed' }, tasks: 0 });
  expect(time.timers.size).toBe(0);
});

test('a worker without a handler is none', () => {
  expect(() => start({ kinds: [] })).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
});

test('a queue that answers at once that there is nothing is not asked in a circle', async () => {
  let asked = 0;
  const empty: WorkerQueue = { ...queue, claim: async () => void (asked += 1) };
  start({ queue: { ...empty, claim: async (claim) => (await empty.claim(claim), undefined) } });
  await time.advance(1_000);
  expect(asked).toBeLessThanOrEqual(11);
});

const offer = (more: Partial<HandlerOffer>): HandlerOffer => ({
  ...{ plugin: 'p', version: '1.0.0', name: 'h', kind: 'execute', provides: ['cpu'] },
  ...more,
});

test('kinds of a worker are those of handlers whose tags it has and whose plugins bear them out [X000-8]', () => {
  const offers = [
    offer({ kind: 'mutate', provides: ['cpu', 'llm'] }),
    offer({ kind: 'evaluate', provides: ['internet'], plugin_tags: [] }),
    offer({}),
    offer({ kind: 'render', provides: ['python'] }),
  ];
  expect(workerKinds(offers, ['pandas', 'internet'])).toEqual(['render', 'execute']);
});

test('pauses never shrink, double from the first, and end at the longest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), (failures) => {
      const [now, next] = [pauseMs(failures), pauseMs(failures + 1)];
      expect(next).toBe(Math.min(PAUSE_MS.most, 2 * now));
    }),
  );
});

test('whatever happens to a task, every task has one result and every lane ends', async () => {
  const acts = fc.constantFrom('finish', 'away', 'back', 'reclaim', 'advance');
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, concurrency) => {
      time = createFakeTime();
      queue = createFakeQueue(time);
      const outages = withOutages(queue);
      const numbers = [1, 2, 3, 4, 5, 6];
      await queue.enqueue(newTasks(numbers));
      const { runTask, running } = createHands();
      const { ended, stopping } = start({ queue: outages.queue, runTask, concurrency });
      const finishOne = (): void => [...running.values()][0]?.finish();
      for (const step of steps) {
        if (step === 'finish') finishOne();
        if (step === 'away' || step === 'back') outages.state.away = step === 'away';
        if (step === 'reclaim') await queue.reclaim();
        await time.advance(step === 'advance' ? 9_000 : 0);
      }
      outages.state.away = false;
      for (const _ of Array.from({ length: 40 })) {
        await time.advance(10_001);
        await queue.reclaim();
        finishOne();
      }
      stopping.abort();
      await time.advance(0);
      await ended;
      const tasks = await Promise.all(numbers.map((number) => queue.get(idOf(number))));
      expect(tasks.map((task) => [task?.state, task?.result?.status])).toEqual(numbers.map(() => ['done', 'ok']));
      expect(time.timers.size).toBe(0);
    }),
    { numRuns: 30 },
  );
});
