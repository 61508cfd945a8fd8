import { HostError } from '@bulkhead/host';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFakeTime } from './worker.fixture.ts';
import { createWarmSpawner, desiredWorkers, type LaunchedWorker, type SpawnerEvent } from './warm-spawner.ts';
import type { WorkerExitReason } from './worker.ts';
import { createWorkerMetrics } from './worker-metrics.ts';

const sizes = fc.record({ warmPool: fc.nat({ max: 50 }), parallelMax: fc.integer({ min: 1, max: 50 }) });

test('[X000-16] there are as many workers as tasks wait and the pool is warm, up to the most, and never fewer for more tasks', () => {
  expect(desiredWorkers(0, { warmPool: 2, parallelMax: 10 })).toBe(2);
  expect(desiredWorkers(5, { warmPool: 2, parallelMax: 10 })).toBe(7);
  expect(desiredWorkers(500, { warmPool: 2, parallelMax: 10 })).toBe(10);
  fc.assert(
    fc.property(fc.nat(), sizes, (pending, size) => {
      const wanted = desiredWorkers(pending, size);
      expect(wanted).toBe(Math.min(size.parallelMax, Math.max(size.warmPool, pending + size.warmPool)));
      expect(wanted).toBeLessThanOrEqual(size.parallelMax);
      expect(wanted).toBeGreaterThanOrEqual(Math.min(size.warmPool, size.parallelMax));
      expect(desiredWorkers(pending + 1, size)).toBeGreaterThanOrEqual(wanted);
    }),
  );
});

type FakeWorker = LaunchedWorker & {
  readonly end: (reason: WorkerExitReason) => void;
  isUp: boolean;
  hasTask: boolean;
};

function createFleet() {
  const time = createFakeTime();
  const live = new Set<FakeWorker>();
  const state = { pending: 0, launches: 0, reclaims: 0, isAway: false, comesUp: true, left: 0, most: 0 };
  const launch = (): LaunchedWorker => {
    const { promise, resolve } = Promise.withResolvers<{ readonly reason: WorkerExitReason }>();
    const worker: FakeWorker = {
      ...{ isUp: state.comesUp, hasTask: false, ended: promise },
      isReady: () => worker.isUp,
      isIdle: () => worker.isUp && !worker.hasTask,
      leave: () => {
        state.left += 1;
        worker.end('signal');
      },
      end: (reason) => {
        live.delete(worker);
        resolve({ reason });
      },
    };
    state.launches += 1;
    live.add(worker);
    state.most = Math.max(state.most, live.size);
    if (!state.comesUp) worker.end('error');
    return worker;
  };
  const events: SpawnerEvent[] = [];
  const spawner = createWarmSpawner({
    ...{ launch, clock: time.clock, didHappen: (event) => void events.push(event) },
    pending: async () => {
      if (state.isAway) throw new HostError('STORAGE_UNAVAILABLE');
      return state.pending;
    },
    reclaim: async () => void (state.reclaims += 1),
  });
  const stopping = new AbortController();
  return { ...{ time, live, state, events, spawner, stopping }, run: () => spawner.run(stopping.signal) };
}

test('[X000-16] the pool is warm from the start, grows with what waits, and leases are reclaimed in the same loop', async () => {
  const { time, live, state, spawner, run, stopping } = createFleet();
  const ended = run();
  await time.advance(0);
  expect({ live: live.size, idle: spawner.idle(), reclaims: state.reclaims }).toEqual({
    live: 2,
    idle: 2,
    reclaims: 1,
  });
  state.pending = 3;
  await time.advance(1_000);
  expect({ live: spawner.live(), reclaims: state.reclaims }).toEqual({ live: 5, reclaims: 2 });
  state.pending = 100;
  await time.advance(3_000);
  expect({ live: spawner.live(), launches: state.launches }).toEqual({ live: 10, launches: 10 });
  stopping.abort();
  await ended;
  expect({ live: spawner.live(), left: state.left, timers: time.timers.size }).toEqual({
    live: 0,
    left: 10,
    timers: 0,
  });
});

test('a worker that has done its task is replaced at the next poll', async () => {
  const { time, live, state, events, run } = createFleet();
  void run();
  await time.advance(0);
  for (const worker of live) worker.end('success');
  await time.advance(1_000);
  expect({ live: live.size, launches: state.launches }).toEqual({ live: 2, launches: 4 });
  expect(events.filter(({ kind }) => kind === 'ended')).toHaveLength(2);
});

test('while the queue is away nothing is launched, and afterwards it goes on', async () => {
  const { time, state, events, run, live } = createFleet();
  state.isAway = true;
  void run();
  await time.advance(10_000);
  expect({ launches: state.launches, away: events.length }).toEqual({ launches: 0, away: 11 });
  state.isAway = false;
  await time.advance(1_000);
  expect(live.size).toBe(2);
});

test('workers that never come up are started in pauses that double, one at a time', async () => {
  const { time, state, run, live } = createFleet();
  state.comesUp = false;
  void run();
  await time.advance(600_000);
  expect(state.launches).toBeLessThan(80);
  state.comesUp = true;
  await time.advance(12_000);
  expect(live.size).toBe(2);
});

test('whatever ends and whatever waits, there are never more workers than allowed', async () => {
  const steps = fc.array(fc.record({ pending: fc.nat({ max: 30 }), ends: fc.nat({ max: 12 }) }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { time, state, live, run, stopping, spawner } = createFleet();
      const ended = run();
      for (const { pending, ends } of all) {
        state.pending = pending;
        for (const worker of [...live].slice(0, ends)) worker.end('success');
        await time.advance(1_000);
        expect(live.size).toBeGreaterThanOrEqual(desiredWorkers(pending, { warmPool: 2, parallelMax: 10 }));
      }
      stopping.abort();
      await ended;
      expect(state.most).toBeLessThanOrEqual(10);
      expect(spawner.live()).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test('figures of workers are on a page by their names, with bounded labels [X000-29]', async () => {
  const spawner = { caps: 'cpu,docker', live: () => 3, idle: () => 2 };
  const metrics = createWorkerMetrics({ runtimeSeconds: () => 12.5, spawner });
  metrics.countTask('execute', 'ok');
  metrics.countTask('execute', 'ok');
  metrics.countTask('none', 'skip');
  metrics.countExit('idle');
  metrics.countLaunch();
  const page = await metrics.render();
  for (const line of [
    'worker_task_total{handler="execute",status="ok"} 2',
    'worker_task_total{handler="none",status="skip"} 1',
    'worker_exit_reason_total{reason="idle"} 1',
    'worker_runtime_seconds 12.5',
    'warm_spawner_live_workers{caps="cpu,docker"} 3',
    'warm_spawner_idle_workers 2',
    'warm_spawner_launch_total 1',
  ])
    expect(page.split('\n')).toContain(line);
  expect(await metrics.render()).toBe(page);
  for (let index = 0; index < 2_000; index += 1) metrics.countTask(`made-up-${index}`, 'ok');
  const lines = (await metrics.render()).split('\n').filter((line) => line.startsWith('worker_task_total{'));
  expect(lines).toHaveLength(1_001);
});
