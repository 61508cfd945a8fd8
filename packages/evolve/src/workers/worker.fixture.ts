/**
 * For tests of workers: a time that passes when it is told to, and a queue in memory by it that can be taken away.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createMemoryTaskQueue, HostError, type AuditedResult, type NewTask, type TaskQueue } from '@bulkhead/host';
import type { JsonObject, Task } from '@bulkhead/protocol';

const START = Date.UTC(2026, 0, 1, 12);

/** Time for queue and worker; `advance` runs what is due, in order, and lets what it wakes come to rest. */
export function createFakeTime() {
  let nowMs = 0;
  const timers = new Set<{ readonly at: number; readonly didElapse: () => void }>();
  const clock = {
    now: () => nowMs,
    wallTime: () => START + nowMs,
    startTimer: (delayMs: number, didElapse: () => void) => {
      const timer = { at: nowMs + delayMs, didElapse };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  async function advance(ms: number): Promise<void> {
    await nextTurn();
    const until = nowMs + ms;
    for (;;) {
      const [next] = [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      timers.delete(next);
      nowMs = Math.max(nowMs, next.at);
      next.didElapse();
      await nextTurn();
    }
    nowMs = until;
    await nextTurn();
  }
  return { clock, advance, timers };
}

/** A fake time. */
export type FakeTime = ReturnType<typeof createFakeTime>;

/** Makes a queue in memory by that time. */
export function createFakeQueue({ clock }: FakeTime): TaskQueue {
  return createMemoryTaskQueue({ clock, startTimer: clock.startTimer });
}

/** A queue that rejects while `away` is true, and counts what it was asked. */
export function withOutages(queue: TaskQueue) {
  const state = { away: false, asked: 0 };
  const guard =
    <Args extends readonly unknown[], Answer>(method: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      state.asked += 1;
      if (state.away) throw new HostError('STORAGE_UNAVAILABLE');
      return method(...args);
    };
  return {
    state,
    queue: {
      claim: guard((claim: Parameters<TaskQueue['claim']>[0]) => queue.claim(claim)),
      heartbeat: guard((lease: string, leaseMs: number) => queue.heartbeat(lease, leaseMs)),
      complete: guard((lease: string, result: AuditedResult) => queue.complete(lease, result)),
    },
  };
}

/** New tasks by their numbers. */
export function newTasks(numbers: readonly number[], more: Partial<Task> = {}): readonly NewTask[] {
  const least = { kind: 'execute', payload: {}, requires: ['cpu'], attempts: 0, schema_v: 1 } as const;
  return numbers.map((number) => ({
    task: { ...least, created_at: '2026-01-01T12:00:00Z', ...more, id: idOf(number) },
    tenant_id: 'default',
  }));
}

/** The id of a task by its number. */
export function idOf(number: number): string {
  return number.toString(16).padStart(16, '0');
}

/** What a runner answers for a task. */
export function resultOf(task: Task, data: JsonObject = {}, status: AuditedResult['status'] = 'ok'): AuditedResult {
  return {
    ...{ task_id: task.id, status, data, created_at: '2026-01-01T12:00:01Z', attempts: task.attempts + 1 },
    ...{ worker_id: 'w1', handler_version: 'fixture 1.0.0', image_tag: 'test' },
  };
}
