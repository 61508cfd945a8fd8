/**
 * Which queue a verb uses: that of a server, or of the store itself. Loaded by verbs that use one alone.
 */
import { askOrOpenQueue } from '../ask-or-open.ts';
import { isCodedError } from '../coded-error.ts';
import { databaseUrl } from '../database-url.ts';
import { RemoteError } from '../remote/remote-error.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import type { Terminal } from '../terminal.ts';
import { askedQueue, type QueueDoor } from './queue-door.ts';

/** What was typed, and where it is told what happens. */
export type QueueAsking = { readonly options: ServerOptions; readonly terminal: Terminal };

/** Uses it. @throws as `askOrOpenQueue`; what the queue of a store refuses as a RemoteError, as a server would refuse it. */
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
        const queue = openedQueue({ ...opened, tenant, isAlone: databaseUrl(process.env) === undefined });
        return use(queue).catch(refuse);
      },
    },
  );
}

/** The way to a queue changes neither words nor exit code. */
function refuse(error: unknown): never {
  if (!isCodedError(error)) throw error;
  const { code, message, hint, findings } = error;
  throw new RemoteError({ code, detail: message, hint, findings, body: {} });
}
