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

function faultOf({ task, ...rest }: NewTask): string | undefined {
  return faultOfNumbers(rest) ?? faultOfTags(task.requires);
}

/** What is wrong with the priority, the retries or the deadline of a task; nothing with what is left out. */
export function faultOfNumbers({
  priority,
  max_retry,
  deadline,
}: Readonly<Record<string, unknown>>): string | undefined {
  const bounds = TASK_QUEUE_BOUNDS;
  if (!isWithin(priority, -bounds.priority, bounds.priority)) {
    return `field "priority" is ${shown(priority)}; expected a whole number from -${bounds.priority} to ${bounds.priority}`;
  }
  if (!isWithin(max_retry, 0, bounds.maxRetryMost)) {
    return `field "max_retry" is ${shown(max_retry)}; expected a whole number from 0 to ${bounds.maxRetryMost}`;
  }
  if (deadline === undefined || isTime(deadline)) return undefined;
  return `field "deadline" is ${shown(deadline)}; expected a time such as "2026-01-01T12:00:00Z"`;
}

/** What is wrong with the tags that a task requires. */
export function faultOfTags(tags: unknown): string | undefined {
  const { tags: tagsMax } = TASK_QUEUE_BOUNDS;
  if (!Array.isArray(tags)) return `field "requires" is ${shown(tags)}; expected a list of at most ${tagsMax} tags`;
  if (tags.length > tagsMax) return `field "requires" has ${tags.length} tags; expected at most ${tagsMax}`;
  const wrong: unknown = tags.find((tag: unknown) => typeof tag !== 'string' || !isCapabilityTag(tag));
  if (wrong !== undefined) {
    return `field "requires" has ${shown(wrong)}; expected a tag of a-z, 0-9, "-" and "_" such as "docker", at most 64 characters`;
  }
  const twice: unknown = tags.find((tag: unknown, index) => tags.indexOf(tag) !== index);
  return twice === undefined ? undefined : `field "requires" has ${shown(twice)} twice; expected each tag once`;
}

const SHOWN_CHARACTERS = 80;

/** Writes a value for a message: as JSON, cut; `missing` where there is none. */
export function shown(value: unknown): string {
  const written = JSON.stringify(typeof value === 'string' ? value.slice(0, SHOWN_CHARACTERS) : value) ?? 'missing';
  return typeof value === 'string' || written.length <= SHOWN_CHARACTERS
    ? written
    : `${written.slice(0, SHOWN_CHARACTERS)}…`;
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return value === undefined || (Number.isInteger(value) && Number(value) >= least && Number(value) <= most);
}

/** ISO 8601 in UTC, as every time on our wires. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/u;

function isTime(value: unknown): boolean {
  if (typeof value !== 'string' || !TIME.test(value)) return false;
  const time = Date.parse(value);
  // The 30th of February is read as a day of March.
  return !Number.isNaN(time) && value.startsWith(new Date(time).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length));
}
