/**
 * Gives a task to the queue of a server, or of the store that the command line opens itself, and waits for its end where that was asked
 * for. The queue does the waiting: whoever waits here asks again once in half a minute, not twice a second.
 */
import { LIMITS } from '@bulkhead/protocol';
import { refusal } from '../remote/remote-error.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import type { GivenTask, KeptTask, QueueDoor } from './queue-door.ts';
import { withQueue } from './with-queue.ts';

/** What was typed, whom it is told to, and what ends it: giving as well as waiting. */
export type Giving = {
  readonly options: ServerOptions & { readonly wait?: boolean };
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
};

/** A task that the queue has; `ended` is there where its end was waited for. */
export type Given = { readonly id: string; readonly ended?: KeptTask };

/**
 * Gives it; with `wait`, waits until it is done, dead or cancelled, and says on the terminal what for.
 *
 * @throws {UsageError} where nobody could do it while this command waits. Rejects with the signal's reason, and as `withQueue`.
 * @throws {RemoteError} `REQUEST_TOO_LARGE` for a task that no server would read, whichever way it is given.
 */
export async function giveTask(task: GivenTask, giving: Giving): Promise<Given> {
  const { options, signal } = giving;
  insistOnSize(task);
  return withQueue(giving, async (queue) => {
    if (options.wait !== true) return { id: await queue.add(task, signal) };
    if (queue.isAlone) throw alone();
    const id = await queue.add(task, signal);
    return { id, ended: await untilEnd(queue, id, giving) };
  });
}

/** Why a task has no result that is ok. */
export function whyNot({ state, reason, result }: KeptTask): string {
  const message = result?.data['message'] ?? result?.data['reason'] ?? reason;
  return `the task is ${state}${typeof message === 'string' ? `: ${message}` : ''}`;
}

/** What no worker takes is told soon. */
const FIRST_WAIT_MS = 1_000;

/** Why it waits is told once for each reason. */
async function untilEnd(queue: QueueDoor, id: string, { options, terminal, signal }: Giving): Promise<KeptTask> {
  const say = (line: string): void => terminal.say(plain(line));
  if (options.json !== true) say(`task ${id}: waiting`);
  let told: string | undefined;
  try {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = LIMITS.task_wait_ms.value) {
      const kept = await queue.show(id, { waitMs, signal });
      if (kept.state !== 'queued' && kept.state !== 'active') return kept;
      signal.throwIfAborted();
      if (kept.reason !== undefined && kept.reason !== told) say(`${id} waits: ${kept.reason}`);
      told = kept.reason;
    }
  } catch (error) {
    if (signal.aborted) say(`task ${id} goes on: \`bulkhead queue show ${id}\`, \`bulkhead queue cancel ${id}\``);
    throw error;
  }
}

/** A server reads no more than so much, and could not say of which field it was. */
function insistOnSize(task: GivenTask): void {
  const [bytes, bytesMax] = [bytesOf(task), LIMITS.http_body_bytes.value];
  if (bytes <= bytesMax) return;
  const payloadBytes = bytesOf(task.payload);
  throw refusal(
    'REQUEST_TOO_LARGE',
    `the task’s field "payload" has ${payloadBytes} bytes as JSON; expected at most ${bytesMax - (bytes - payloadBytes)}`,
    'Put what is large where its worker finds it, and name that place in the payload.',
  );
}

function bytesOf(json: object): number {
  return Buffer.byteLength(JSON.stringify(json));
}

function alone(): UsageError {
  return new UsageError(
    'nobody can do the task while this command waits for it: it holds the data folder',
    'Start `bulkhead serve` on the folder and a worker that asks it, or leave --wait out.',
  );
}
