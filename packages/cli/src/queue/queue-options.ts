/**
 * What the verbs of the queue have in common: options, and the queue that they use.
 */
import { LIMITS, TASK_KINDS } from '@bulkhead/protocol';
import { InvalidArgumentError, Option } from 'commander';
import type { QueueDoor } from './queue-door.ts';
import type { QueueAsking } from './with-queue.ts';

const LIST_DEFAULT = 100;

/** The option that names a kind of task. */
export function kindOption(about: string): Option {
  return new Option('--kind <kind>', about).choices(TASK_KINDS);
}

/** The option that bounds a list. */
export function limitOption(): Option {
  return new Option('--limit <n>', `at most so many, up to ${LIMITS.tasks_listed.value}`)
    .argParser(parseLimit)
    .default(LIST_DEFAULT);
}

/** Uses the queue of a server, or of the store itself. @throws as `askOrOpenQueue`. */
export async function useQueue<Result>(
  asking: QueueAsking,
  use: (queue: QueueDoor) => Promise<Result>,
): Promise<Result> {
  const { withQueue } = await import('./with-queue.ts');
  return withQueue(asking, use);
}

function parseLimit(text: string): number {
  const most = LIMITS.tasks_listed.value;
  if (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= most) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
}
