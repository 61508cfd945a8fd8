/**
 * What a queue refuses at its door, whatever it keeps its tasks in.
 */
import { HostError } from '../base/host-error.ts';
import { isCapabilityTag } from './capability-tags.ts';
import { TASK_QUEUE_BOUNDS, type NewTask } from './task-queue.ts';

/**
 * Insists that tasks are within the bounds of a queue: tags, priority, deadline, `max_retry`. Kind, id and payload are the parser's.
 *
 * @throws {HostError} `VALIDATION_FAILED` with the first that is not, and what is wrong with it.
 * @public
 */
export function assertNewTasks(tasks: readonly NewTask[]): void {
  for (const task of tasks) {
    const wrong = faultOf(task);
    if (wrong === undefined) continue;
    throw new HostError('VALIDATION_FAILED', { message: `task ${shown(task.task.id)}: ${wrong}` });
  }
}

/**
 * Makes the error for one set of tags too many.
 *
 * @public
 */
export function tooManySets(requires: readonly string[]): HostError {
  const { sets } = TASK_QUEUE_BOUNDS;
  const message = `the tags ${shown(requires.join(', '))} would be another set; tasks wait under ${sets} sets already, which is the most`;
  return new HostError('VALIDATION_FAILED', {
    message,
    hint: 'Require tags of what a worker has, not of what a single task is: a set is for many tasks.',
    limit: { name: 'task_tag_sets', allowed: sets, observed: sets + 1, unit: 'sets' },
  });
}

function faultOf({ task, priority = 0, deadline, max_retry: maxRetry = 0 }: NewTask): string | undefined {
  const bounds = TASK_QUEUE_BOUNDS;
  if (!isWithin(priority, -bounds.priority, bounds.priority)) {
    return `priority is ${priority}; expected a whole number from -${bounds.priority} to ${bounds.priority}`;
  }
  if (!isWithin(maxRetry, 0, bounds.maxRetryMost)) {
    return `max_retry is ${maxRetry}; expected a whole number from 0 to ${bounds.maxRetryMost}`;
  }
  if (deadline !== undefined && !isTime(deadline)) {
    return `deadline is ${shown(deadline)}; expected a time such as "2026-01-01T12:00:00Z"`;
  }
  return faultOfTags(task.requires);
}

function faultOfTags(tags: readonly string[]): string | undefined {
  const { tags: tagsMax } = TASK_QUEUE_BOUNDS;
  if (tags.length > tagsMax) return `requires ${tags.length} tags; at most ${tagsMax} are taken`;
  const wrong = tags.find((tag) => !isCapabilityTag(tag));
  if (wrong !== undefined) {
    return `requires ${shown(wrong)}; expected a tag of a-z, 0-9, "-" and "_" such as "docker", at most 64 characters`;
  }
  const twice = tags.find((tag, index) => tags.indexOf(tag) !== index);
  return twice === undefined ? undefined : `requires ${shown(twice)} twice; expected each tag once`;
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

/** ISO 8601 in UTC, as every time on our wires. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/u;

function isTime(text: string): boolean {
  return TIME.test(text) && !Number.isNaN(Date.parse(text));
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
