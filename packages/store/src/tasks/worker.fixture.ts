/**
 * For open-task-queue.test.ts: a process that opens a queue and does one of these until it is killed, or is done: `hold` claims one task and
 * keeps it, `work` claims and completes one after another, `leave` waits in a claim, closes, and has to end by itself.
 */
import type { AuditedResult, TaskLease } from '@bulkhead/host';
import { openDatabase, type DatabasePlace } from '../engine/database.ts';
import { openTaskQueue } from './open-task-queue.ts';

const [verb, place = '', name = ''] = process.argv.slice(2);
const say = (message: string): void => void process.send?.(message);

const database = await openDatabase(JSON.parse(place) as DatabasePlace); // The test's own.
const queue = await openTaskQueue(database);
if (verb === 'leave') await leave();
else await work();

async function work(): Promise<void> {
  for (;;) {
    const lease = await claim(60_000);
    if (lease === undefined) continue;
    say(`claimed ${lease.task.id}`);
    if (verb === 'hold') return void setInterval(() => undefined, 1_000);
    await queue.complete(lease.lease, resultOf(lease));
    say(`completed ${lease.task.id}`);
  }
}

async function leave(): Promise<void> {
  const waiting = claim(600_000).catch(() => say('refused'));
  await queue.backlog();
  await queue.close();
  await waiting;
  await database.close();
  process.disconnect?.();
}

function claim(wait_ms: number): Promise<TaskLease | undefined> {
  return queue.claim({ worker_id: name, tags: ['cpu'], lease_ms: 1_000, wait_ms });
}

function resultOf({ task }: TaskLease): AuditedResult {
  return {
    ...{ task_id: task.id, status: 'ok', data: { by: name }, created_at: '2026-01-01T12:00:01Z', attempts: 1 },
    ...{ worker_id: name, handler_version: 'fixture 1.0.0', image_tag: 'test' },
  };
}
