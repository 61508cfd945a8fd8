/**
 * What the verbs of the queue have in common: options, and which queue they use.
 */
import { LIMITS, TASK_KINDS } from '@bulkhead/protocol';
import { InvalidArgumentError, Option } from 'commander';
import { askOrOpenQueue } from '../ask-or-open.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import type { Terminal } from '../terminal.ts';
import { askedQueue, type QueueDoor } from './queue-door.ts';

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

/** Uses the queue of a server, or of the store itself. */
export function withQueue<Result>(
  { options, terminal }: { readonly options: ServerOptions; readonly terminal: Terminal },
  use: (queue: QueueDoor) => Promise<Result>,
): Promise<Result> {
  const { tenant } = options;
  return askOrOpenQueue<Result>(
    { options, terminal },
    {
      ask: (remote) => use(askedQueue(remote)),
      open: async (opened) => {
        const { openedQueue } = await import('./opened-queue.ts');
        return use(openedQueue({ ...opened, tenant }));
      },
    },
  );
}

function parseLimit(text: string): number {
  const most = LIMITS.tasks_listed.value;
  if (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= most) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
}
