/**
 * Gives a task to the queue of a server, and waits for what comes of it where that was asked for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject, Task } from '@bulkhead/protocol';
import { askAdmin } from '../remote/ask.ts';
import type { Remote } from '../remote/remote.ts';

/** A task before it has an id. */
export type GivenTask = Pick<Task, 'kind' | 'payload' | 'requires'>;

/** Where a task is, as `GET /v1/tasks/{id}` answers. */
export type TaskView = {
  readonly state: 'queued' | 'active' | 'done' | 'dead' | 'cancelled';
  readonly result?: { readonly status: string; readonly data: JsonObject; readonly handler_version?: string | null };
  readonly reason?: string;
};

const POLL_MS = 500;

/** Gives it, and answers its id. @throws {UsageError}, {RemoteError}, {NoAnswerError} as `askAdmin`. */
export async function giveTask(remote: Remote, { kind, payload, requires }: GivenTask): Promise<string> {
  const body = { kind, payload, requires };
  const { value } = await askAdmin<{ readonly id: string }>(remote, { method: 'POST', path: '/v1/tasks', body });
  return value.id;
}

/** How long one waits: `say` hears why nobody is given the task, once for each reason. */
export type Waiting = { readonly signal: AbortSignal; readonly say: (line: string) => void };

/** Waits until the task is done, dead or cancelled. Rejects with the signal's reason, and as `askAdmin`. */
export async function awaitTask(remote: Remote, id: string, { signal, say }: Waiting): Promise<TaskView> {
  for (let told: string | undefined; ;) {
    signal.throwIfAborted();
    const { value } = await askAdmin<TaskView>(remote, { path: `/v1/tasks/${encodeURIComponent(id)}` });
    if (value.state !== 'queued' && value.state !== 'active') return value;
    if (value.reason !== undefined && value.reason !== told) say(`${id} waits: ${value.reason}`);
    told = value.reason;
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Why a task has no result that is ok. */
export function whyNot({ state, reason, result }: TaskView): string {
  const message = result?.data['message'] ?? result?.data['reason'] ?? reason;
  return `the task is ${state}${typeof message === 'string' ? `: ${message}` : ''}`;
}
