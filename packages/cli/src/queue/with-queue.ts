/**
 * Which queue a verb uses: that of a server, or of the store itself. Loaded by verbs that use one alone.
 */
import { askOrOpenQueue } from '../ask-or-open.ts';
import { databaseUrl } from '../database-url.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import type { Terminal } from '../terminal.ts';
import { askedQueue, type QueueDoor } from './queue-door.ts';

/** What was typed, and where it is told what happens. */
export type QueueAsking = { readonly options: ServerOptions; readonly terminal: Terminal };

/** Uses it. @throws as `askOrOpenQueue`. */
export function withQueue<Result>(
  { options, terminal }: QueueAsking,
  use: (queue: QueueDoor) => Promise<Result>,
): Promise<Result> {
  const { tenant } = options;
  return askOrOpenQueue<Result>(
    { options, terminal },
    {
      ask: (remote) => use(askedQueue(remote)),
      open: async (opened) => {
        const { openedQueue } = await import('./opened-queue.ts');
        return use(openedQueue({ ...opened, tenant, isAlone: databaseUrl(process.env) === undefined }));
      },
    },
  );
}
