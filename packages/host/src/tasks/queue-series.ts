/**
 * Series of a queue of tasks (X000-29). What waits and what has ended is read from the queue when a page is rendered, at most once a second, so
 * that all nodes of one database tell the same; only results that could not be kept are counted here, by whoever handed them on.
 *
 * QS1: A page never fails and never waits for long: while the queue does not answer its series are left out.
 */
import { LIMITS, TASK_KINDS, type TaskKind } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import { createSeriesMetric, renderPage, type Sample, type SeriesMetric } from '../metrics/prometheus.ts';
import type { TaskBacklog, TaskQueue, TaskTotals } from './task-queue.ts';

/**
 * The series of one queue.
 *
 * @public
 */
export type QueueSeries = {
  /** The page, in the text format of Prometheus 0.0.4; never rejects. */
  readonly renderMetrics: () => Promise<string>;
  /** A result was not kept, other than by a fault of whoever handed it in. */
  readonly countResultFailure: () => void;
};

type Read = { readonly backlog: readonly TaskBacklog[]; readonly totals: TaskTotals };

const READ_EVERY_MS = 1_000;

/**
 * Creates the series; labels are the kinds of tasks and two words.
 *
 * @public
 */
export function createQueueSeries(
  queue: Pick<TaskQueue, 'backlog' | 'totals'>,
  clock: Pick<Clock, 'now'>,
): QueueSeries {
  let failures = 0;
  let last: { readonly at: number; readonly read: Promise<Read | undefined> } | undefined;

  function readSoon(): Promise<Read | undefined> {
    const at = clock.now();
    if (last === undefined || at - last.at >= READ_EVERY_MS) last = { at, read: readInTime(queue) };
    return last.read;
  }

  return {
    renderMetrics: async () => {
      const read = await readSoon();
      const failed = counterOf('result_backend_fail_total', 'Results of tasks that could not be kept, on this node.', [
        { labels: {}, value: failures },
      ]);
      return renderPage(read === undefined ? [failed] : [...seriesOf(read), failed]);
    },
    countResultFailure: () => void (failures += 1),
  };
}

async function readInTime(queue: Pick<TaskQueue, 'backlog' | 'totals'>): Promise<Read | undefined> {
  const { promise: isLate, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, LIMITS.storage_answer_ms.value, undefined).unref();
  const read = Promise.all([queue.backlog(), queue.totals()]).then(
    ([backlog, totals]) => ({ backlog, totals }),
    () => undefined, // Keeps QS1; whoever uses the queue is told.
  );
  try {
    return await Promise.race([read, isLate]);
  } finally {
    clearTimeout(timer);
  }
}

function seriesOf({ backlog, totals }: Read): readonly SeriesMetric[] {
  const queued = new Map(TASK_KINDS.map((kind) => [kind, 0]));
  for (const line of backlog) queued.set(line.kind, (queued.get(line.kind) ?? 0) + line.queued);
  const dead = new Map(TASK_KINDS.map((kind) => [kind, 0]));
  for (const { kind, count } of totals.dead) dead.set(kind, count);
  const oldestMs = backlog.reduce((most, line) => Math.max(most, line.oldest_ms), 0);
  const unschedulable = backlog.reduce((sum, line) => sum + line.unschedulable, 0);
  return [
    gaugeOf('queue_pending_total', 'Tasks that wait: for a worker (stream tasks), or among the dead letters (dead).', [
      ...samplesOf('tasks', queued),
      ...samplesOf('dead', dead),
    ]),
    gaugeOf('queue_pending_idle_max_seconds', 'How long the oldest task that may be claimed has waited.', [
      { labels: {}, value: oldestMs / 1_000 },
    ]),
    gaugeOf('queue_unschedulable_total', 'Tasks that wait and that no worker which is there would be given.', [
      { labels: {}, value: unschedulable },
    ]),
    counterOf('queue_ack_total', 'Tasks that were done.', [{ labels: {}, value: totals.done }]),
    counterOf('queue_dead_total', 'Tasks that went to the dead letters.', [{ labels: {}, value: totals.buried }]),
  ];
}

function samplesOf(stream: string, counts: ReadonlyMap<TaskKind, number>): readonly Sample[] {
  return [...counts].map(([kind, value]) => ({ labels: { stream, kind }, value }));
}

function gaugeOf(name: string, help: string, samples: readonly Sample[]): SeriesMetric {
  return createSeriesMetric({ type: 'gauge', name, help }, () => samples);
}

function counterOf(name: string, help: string, samples: readonly Sample[]): SeriesMetric {
  return createSeriesMetric({ type: 'counter', name, help }, () => samples);
}
