/**
 * Candidates of a run as tasks of a queue, which workers do, wherever they are: `bulkhead evolve run --queue`.
 */
import { createTaskExecutor, type CandidateRuns, type DoTask, type TaskEnd } from '@bulkhead/evolve';
import { endOf } from '../queue/give-task.ts';
import type { KeptTask, QueueDoor } from '../queue/queue-door.ts';
import { withQueue } from '../queue/with-queue.ts';
import type { RemoteOptions } from '../remote/remote.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What is typed of it: whether there is one, and which. */
export type QueueOptions = RemoteOptions & { readonly queue?: boolean };

/** A search with its queue, for as long as it is used; without one where none was asked for. @throws as `withQueue`. */
export function withRuns(
  { queue: isQueued = false, server, token, data, tenant }: QueueOptions,
  terminal: Terminal,
  use: (runs: CandidateRuns | undefined) => Promise<number>,
): Promise<number> {
  if (!isQueued) return use(undefined);
  const named = { server, token, data, tenant };
  const options: RemoteOptions = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  return withQueue({ options, terminal }, (queue) => {
    if (queue.isAlone)
      throw new UsageError(
        'no worker could reach the queue while this command searches: it holds the data folder',
        'Start `bulkhead serve` on the folder and a worker that asks it, or leave --queue out.',
      );
    const doTask = doTaskBy(queue, terminal);
    return use({ open: () => createTaskExecutor(doTask), casesAtOnce: Number.POSITIVE_INFINITY });
  });
}

const NEVER = new AbortController().signal;

function doTaskBy(queue: QueueDoor, terminal: Terminal): DoTask {
  const telling = { terminal, told: new Set<string>(), line: { end: () => undefined } };
  return async (task, signal = NEVER) => {
    const id = await queue.add(task, signal);
    try {
      return taskEnd(await endOf(queue, id, { ...telling, signal }));
    } catch (error) {
      // Nobody waits for it any more; where the queue is gone as well, its worker does it for nothing.
      if (signal.aborted) await queue.cancel(id).catch(() => undefined);
      throw error;
    }
  };
}

function taskEnd({ state, reason, result }: KeptTask): TaskEnd {
  if (state === 'queued' || state === 'active') throw new Error(`a task that is ${state} has not ended`);
  return { state, ...(reason !== undefined && { reason }), ...(result !== undefined && { result }) };
}
