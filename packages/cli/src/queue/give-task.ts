/**
 * Gives tasks to the queue of a server, or of the store that the command line opens itself, and waits for their ends where that was asked
 * for. The queue does the waiting: whoever waits here asks again once in half a minute, not twice a second.
 */
import { LIMITS } from '@bulkhead/protocol';
import { refusal } from '../remote/remote-error.ts';
import type { ServerOptions } from '../remote/server-verb.ts';
import { plain } from '../table.ts';
import type { Live, Terminal } from '../terminal.ts';
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

/** A task and what it is of to whoever gives it. */
type Job = { readonly task: GivenTask };

/** Jobs whose tasks the queue has, in the order in which they were given; `ends` are there where their ends were waited for. */
export type GivenTogether<Each, End> = {
  readonly given: readonly (Each & { readonly id: string })[];
  readonly ends?: readonly End[];
};

/**
 * Gives it; with `wait`, waits until it is done, dead or cancelled, and says on the terminal what for.
 *
 * @throws {UsageError} where nobody could do it while this command waits. Rejects with the signal's reason, and as `withQueue`.
 * @throws {RemoteError} `REQUEST_TOO_LARGE` for a task that no server would read, whichever way it is given.
 */
export async function giveTask(task: GivenTask, giving: Giving): Promise<Given> {
  const { given, ends } = await giveTasks([{ task }], giving, (ended) => ended);
  const [[{ id } = { id: '' }], [ended] = []] = [given, ends];
  return { id, ...(ended !== undefined && { ended }) };
}

/**
 * Gives the tasks of several jobs, and with `wait` waits for all of them. Those that were given stay so where the next cannot be, and are
 * named then.
 *
 * @param read - What is kept of an end: a task comes back with its payload, and a thousand of them are large.
 * @throws as {@link giveTask}.
 */
export async function giveTasks<Each extends Job, End>(
  jobs: readonly Each[],
  giving: Giving,
  read: (ended: KeptTask, job: Each) => End,
): Promise<GivenTogether<Each, End>> {
  for (const { task } of jobs) insistOnSize(task);
  return withQueue(giving, async (queue) => {
    const isWaiting = giving.options.wait === true;
    if (isWaiting && queue.isAlone) throw alone();
    const given = await addAll(queue, jobs, giving);
    return isWaiting ? { given, ends: await endsOf(queue, given, { ...giving, read }) } : { given };
  });
}

/** Why a task has no result that is ok. */
export function whyNot({ state, reason, result }: KeptTask): string {
  const message = result?.data['message'] ?? result?.data['reason'] ?? reason;
  return `the task is ${state}${typeof message === 'string' ? `: ${message}` : ''}`;
}

type WithId<Each> = Each & { readonly id: string };

async function addAll<Each extends Job>(
  queue: QueueDoor,
  jobs: readonly Each[],
  { terminal, signal }: Giving,
): Promise<readonly WithId<Each>[]> {
  const given: WithId<Each>[] = [];
  try {
    for (const job of jobs) given.push({ ...job, id: await queue.add(job.task, signal) });
    return given;
  } catch (error) {
    sayGoesOn(given, terminal);
    throw error;
  }
}

type Waiting<Each, End> = Giving & { readonly read: (ended: KeptTask, job: Each) => End };

/** One after the other: the last to end decides how long it takes, and each wait holds a connection. */
async function endsOf<Each extends Job, End>(
  queue: QueueDoor,
  jobs: readonly WithId<Each>[],
  { read, ...giving }: Waiting<Each, End>,
): Promise<readonly End[]> {
  const { options, terminal, signal } = giving;
  const [only, ...more] = jobs;
  const what = only !== undefined && more.length === 0 ? `task ${only.id}` : `${jobs.length} tasks`;
  if (options.json !== true) terminal.say(plain(`${what}: waiting`));
  const line = lineOf(giving, jobs.length);
  const told = new Set<string>();
  const ends: End[] = [];
  try {
    for (const job of jobs) {
      line.show(`${ends.length} of ${jobs.length} tasks have ended`);
      ends.push(read(await endOf(queue, job.id, { ...giving, told, line }), job));
    }
    return ends;
  } catch (error) {
    line.end();
    if (signal.aborted) sayGoesOn(jobs.slice(ends.length), terminal);
    throw error;
  } finally {
    line.end();
  }
}

/** One task has nothing to count. */
function lineOf({ options, terminal }: Giving, tasks: number): Pick<Live, 'show' | 'end'> {
  const line = terminal.live();
  const isShown = tasks > 1 && (line.isMoving || options.json !== true);
  return isShown ? line : { show: () => undefined, end: () => undefined };
}

/** What no worker takes is told soon. */
const FIRST_WAIT_MS = 1_000;

/** Whom it is told to, what ends the wait, what was told before, and the line that moves meanwhile. */
export type Telling = Pick<Giving, 'terminal' | 'signal'> & {
  readonly told: Set<string>;
  readonly line: Pick<Live, 'end'>;
};

/** Waits for the end of a task. Why they wait is told once for each reason, and not for each task. */
export async function endOf(
  queue: QueueDoor,
  id: string,
  { terminal, signal, told, line }: Telling,
): Promise<KeptTask> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = LIMITS.task_wait_ms.value) {
    const kept = await queue.show(id, { waitMs, signal });
    if (kept.state !== 'queued' && kept.state !== 'active') return kept;
    signal.throwIfAborted();
    if (kept.reason === undefined || told.has(kept.reason)) continue;
    line.end();
    terminal.say(plain(`${id} waits: ${kept.reason}`));
    told.add(kept.reason);
  }
}

function sayGoesOn(given: readonly { readonly id: string }[], { say }: Terminal): void {
  for (const { id } of given) {
    say(plain(`task ${id} goes on: \`bulkhead queue show ${id}\`, \`bulkhead queue cancel ${id}\``));
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
