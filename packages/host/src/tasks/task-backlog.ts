/**
 * What waits in the lines of a queue in memory, by kind and required tags.
 */
import type { TaskLine } from './task-lines.ts';
import type { TaskBacklog } from './task-queue.ts';

/** What the count is made with: monotonic milliseconds, and whether a worker that is there can do what waits in a line of a tenant. */
export type BacklogOptions = { readonly now: number; readonly canAny: (line: TaskLine, tenant: string) => boolean };

/** Counts what waits and is worked on; lines that differ only in who has skipped are one. */
export function backlogOf(lines: Iterable<TaskLine>, options: BacklogOptions): readonly TaskBacklog[] {
  const counted = new Map<string, TaskBacklog>();
  for (const line of lines) {
    const key = `${line.kind} ${line.setKey}`;
    counted.set(key, sumOf(counted.get(key), countOf(line, options)));
  }
  return [...counted.values()];
}

function countOf(line: TaskLine, { now, canAny }: BacklogOptions): TaskBacklog {
  const { kind, requires, queued, active } = line;
  const unable = [...line.queuedOf].filter(([tenant]) => !canAny(line, tenant));
  const waitedMs = line.heap.items().map(({ first }) => now - (first?.available.at ?? now));
  return {
    ...{ kind, requires, queued, active },
    oldest_ms: Math.round(waitedMs.reduce((most, ms) => Math.max(most, ms), 0)),
    unschedulable: unable.reduce((sum, [, count]) => sum + count, 0),
  };
}

function sumOf(sum: TaskBacklog | undefined, one: TaskBacklog): TaskBacklog {
  if (sum === undefined) return one;
  return {
    ...sum,
    queued: sum.queued + one.queued,
    active: sum.active + one.active,
    oldest_ms: Math.max(sum.oldest_ms, one.oldest_ms),
    unschedulable: sum.unschedulable + one.unschedulable,
  };
}
