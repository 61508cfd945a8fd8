import { expect, test } from 'vitest';
import { claimOf, newTask, resultOf } from './conformance-fixture.ts';
import { createMemoryTaskQueue } from './memory-queue.ts';
import { createQueueSeries } from './queue-series.ts';
import { createFakeTime } from './fake-time.fixture.ts';

test('what waits, how long, and what has ended is told by kind, at most once a second [X000-29]', async () => {
  const time = createFakeTime();
  const queue = createMemoryTaskQueue(time);
  const series = createQueueSeries(queue, time.clock);
  await queue.enqueue([newTask(1), newTask(2), newTask(3), newTask(4, { kind: 'render', requires: ['gpu'] })]);
  for (const status of ['ok', 'error'] as const) {
    const lease = await queue.claim(claimOf());
    if (lease !== undefined) await queue.complete(lease.lease, resultOf(lease, status));
  }
  await time.advance(2_500);
  const page = await series.renderMetrics();
  expect(page.split('\n').filter((line) => !line.startsWith('#') && line !== '')).toEqual([
    'queue_pending_total{stream="tasks",kind="render"} 1',
    'queue_pending_total{stream="tasks",kind="mutate"} 0',
    'queue_pending_total{stream="tasks",kind="execute"} 1',
    'queue_pending_total{stream="tasks",kind="evaluate"} 0',
    'queue_pending_total{stream="dead",kind="render"} 0',
    'queue_pending_total{stream="dead",kind="mutate"} 0',
    'queue_pending_total{stream="dead",kind="execute"} 1',
    'queue_pending_total{stream="dead",kind="evaluate"} 0',
    'queue_pending_idle_max_seconds 2.5',
    'queue_unschedulable_total 1',
    'queue_ack_total 1',
    'queue_dead_total 1',
    'result_backend_fail_total 0',
  ]);
  await queue.enqueue([newTask(5)]);
  series.countResultFailure();
  const soon = await series.renderMetrics();
  expect(soon).toContain('queue_pending_total{stream="tasks",kind="execute"} 1\n');
  expect(soon).toContain('result_backend_fail_total 1\n');
  await time.advance(1_000);
  expect(await series.renderMetrics()).toContain('queue_pending_total{stream="tasks",kind="execute"} 2\n');
});

test('while the queue does not answer its series are left out, and the page is there', async () => {
  const time = createFakeTime();
  const queue = createMemoryTaskQueue(time);
  const series = createQueueSeries(queue, time.clock);
  await queue.close();
  const page = await series.renderMetrics();
  expect(page).toContain('result_backend_fail_total 0');
  expect(page).not.toContain('queue_');
});
