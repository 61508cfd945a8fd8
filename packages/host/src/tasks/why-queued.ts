/**
 * Why a task waits, where nobody that is there would be given it: whoever waits for its end shall not wait for nothing.
 */
import { requiresKey } from './capability-tags.ts';
import type { QueuedTask, TaskBacklog, TaskQueue } from './task-queue.ts';

/**
 * Says for a task that is queued why no worker takes it; undefined where one may, or it is not queued. Asks the queue for its backlog then.
 *
 * @throws {HostError} `STORAGE_UNAVAILABLE`.
 * @internal
 */
export async function whyQueued(
  queue: Pick<TaskQueue, 'backlog'>,
  { task: { kind, requires }, state }: QueuedTask,
): Promise<string | undefined> {
  if (state !== 'queued') return undefined;
  const key = requiresKey(requires);
  const isOfTask = (line: TaskBacklog): boolean => line.kind === kind && requiresKey(line.requires) === key;
  const line = (await queue.backlog()).find(isOfTask);
  if (line === undefined || line.queued === 0 || line.unschedulable < line.queued) return undefined;
  const needs = requires.length === 0 ? '' : ` and requires ${requires.join(', ')}`;
  return `no worker that is there takes it: it is of kind ${kind}${needs}`;
}
