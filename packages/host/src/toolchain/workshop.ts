/**
 * The workshop as the host uses it: one job at a time, within time and memory. A process that did its job well is kept
 * warm for the next; one that crashed, hung or broke a rule is never used again.
 */
import { LIMITS } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { Parcel } from '../base/parcel.ts';
import type { AskWorkshop, WorkshopJob } from '../base/workshop-port.ts';
import { watchMemory } from './memory-watch.ts';
import type { NativeTools } from './native-tools.ts';
import { createWarmChild, type WarmChild } from './warm-child.ts';
import type { WorkshopLaunch } from './workshop-launch.ts';
import { startWorkshopChild, type WorkshopChild } from './workshop-child.ts';

/** How processes are started, and what bounds a job. */
export type WorkshopOptions = {
  /** Makes the command for one process, and says where that process finds its native files. */
  readonly prepare: () => Promise<WorkshopStart>;
  readonly clock: Clock;
  /** Bounds of one job; those of LIMITS by default. The host's own reading of packages does not count as time. */
  readonly timeMs?: number;
  readonly memoryBytes?: number;
  /** How long a process is kept without a job. */
  readonly idleMs?: number;
  /** Told how long each job took in all, in milliseconds. */
  readonly onDone?: (verb: WorkshopJob['verb'], durationMs: number) => void;
};

/** A command, and paths as the process that it starts sees them. */
export type WorkshopStart = { readonly launch: WorkshopLaunch; readonly tools: NativeTools };

/** Does jobs one after the other, whoever asks. */
export type Workshop = {
  readonly ask: AskWorkshop;
  /** Starts a process for the next job; where none starts, that job tells why. */
  readonly warm: () => void;
  /** Process id of the warm or busy process, undefined where there is none. */
  readonly pid: () => number | undefined;
  /** Ends the process; a job in flight fails as `HOST_CLOSED`. May be called again. */
  readonly close: () => Promise<void>;
};

const IDLE_MS = 10_000;

/** Makes the workshop; its first job starts a process. */
export function createWorkshop(options: WorkshopOptions): Workshop {
  const warm = createWarmChild(async () => {
    const { launch, tools } = await options.prepare();
    return startWorkshopChild(launch, tools);
  }, options.idleMs ?? IDLE_MS);
  let last: Promise<unknown> = Promise.resolve();

  function next<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = last.then(run);
    last = result.catch(() => undefined); // Whoever asked is told; the next job runs all the same.
    return result;
  }

  return {
    ask: (job) => next(() => serve(warm, job, options)),
    warm: () => void next(async () => warm.keep(await warm.take())).catch(() => undefined),
    pid: warm.pid,
    close: async () => {
      await warm.close();
      await last;
      await warm.close(); // A job that was waiting may have started one.
    },
  };
}

async function serve(warm: WarmChild, job: WorkshopJob, options: WorkshopOptions): Promise<Parcel> {
  if (warm.isClosed()) throw new HostError('HOST_CLOSED');
  const startedAt = options.clock.now();
  const child = await warm.take();
  try {
    const { answer, memoryBytes } = await runJob(child, job, options);
    // What a large job leaves behind must not be counted against the next one.
    if (memoryBytes > memoryBytesMax(options) / 2) await warm.retire(child, 'it had grown large');
    else warm.keep(child);
    return answer;
  } catch (error) {
    await warm.retire(child, 'its last job failed');
    throw warm.isClosed() ? new HostError('HOST_CLOSED', { cause: error }) : error;
  } finally {
    options.onDone?.(job.verb, options.clock.now() - startedAt);
  }
}

/** Rejects where the process dies, asks what nobody answers, or passes a bound; the caller ends it then. */
async function runJob(
  child: WorkshopChild,
  job: WorkshopJob,
  options: WorkshopOptions,
): Promise<{ readonly answer: Parcel; readonly memoryBytes: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<Parcel>();
  const time = createTimeBudget(options, () => reject(outOfTime(options)));
  const memory = watchMemory({
    pid: child.pid ?? 0,
    bytesMax: memoryBytesMax(options),
    onPassed: (bytes) => reject(outOfMemory(options, bytes)),
  });
  const say = (head: string, parcel: Parcel): Promise<void> =>
    child.send({ ...parcel, head: { ...parcel.head, t: head, verb: job.verb } });

  async function answer(question: Parcel): Promise<void> {
    if (job.answer === undefined) throw broke('it asked what nobody answers');
    time.pause();
    const answered = await job.answer(question);
    time.resume();
    await say('answer', answered);
  }

  child.listen((parcel) => {
    if (parcel.head['t'] === 'done') return resolve(parcel);
    if (parcel.head['t'] === 'ask') return void answer(parcel).catch(reject);
    reject(broke(typeof parcel.head['message'] === 'string' ? parcel.head['message'] : 'it said nothing sensible'));
  });
  void child.died.then((reason) => reject(broke(reason)));
  time.resume();
  void say('job', job.parcel);
  try {
    return { answer: await promise, memoryBytes: await memory.peakBytes() };
  } finally {
    time.pause();
    memory.stop();
    child.listen(() => child.kill('it spoke without being asked'));
  }
}

type TimeBudget = { readonly pause: () => void; readonly resume: () => void };

function createTimeBudget(options: WorkshopOptions, onSpent: () => void): TimeBudget {
  let leftMs = options.timeMs ?? LIMITS.workshop_ms.value;
  let timer: NodeJS.Timeout | undefined;
  let resumedAt = 0;
  return {
    resume: () => {
      resumedAt = options.clock.now();
      timer = setTimeout(onSpent, Math.max(0, leftMs));
    },
    pause: () => {
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = undefined;
      leftMs -= options.clock.now() - resumedAt;
    },
  };
}

function memoryBytesMax(options: WorkshopOptions): number {
  return options.memoryBytes ?? LIMITS.workshop_memory_bytes.value;
}

const HINT = 'Split or shrink the plugin’s largest source files; `bulkhead check DIR` shows whether it helped.';

function outOfTime(options: WorkshopOptions): HostError {
  const allowed = options.timeMs ?? LIMITS.workshop_ms.value;
  const message = `the review did not end within ${allowed} ms`;
  return new HostError('REVIEW_LIMIT', { message, hint: HINT, details: { limit: 'workshop_ms', allowed } });
}

function outOfMemory(options: WorkshopOptions, observed: number): HostError {
  const allowed = memoryBytesMax(options);
  const message = `the review needed more than ${allowed} bytes of memory`;
  return new HostError('REVIEW_LIMIT', {
    message,
    hint: HINT,
    details: { limit: 'workshop_memory_bytes', allowed, observed },
  });
}

/** `why` may quote the process's last words, which are for the log. */
function broke(why: string): HostError {
  const message = 'the review process ended before it was done';
  return new HostError('REVIEW_LIMIT', { message, hint: HINT, details: { why } });
}
