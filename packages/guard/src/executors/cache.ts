/**
 * Answers again without running what was run before: an evaluation asks a baseline the same many times over.
 *
 * K1: Only successes of an executor that says it is deterministic are kept; a failure may be the machine's.
 * K2: A file is known by what is in it, and a path at which none can be read is not known: it may be a server's. What a file imports
 *   is not looked at: an implementation of several files is to be bundled before.
 * K3: The same asked twice at once runs once; that one of those who wait leaves does not end it for the others.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '@bulkhead/protocol';
import { GuardError } from '../guard-error.ts';
import type { Execution, Executor, ExecutorAbout } from './executor.ts';
import { readImplementation } from './read-implementation.ts';
import { calledOff, settledRun, type RunClock, type RunRequest } from './settled-run.ts';

/**
 * How much is kept: bytes of keys and of answers as JSON. What was used longest ago goes first.
 *
 * @public
 */
export type CacheOptions = { readonly bytesMax: number; readonly clock: RunClock };

/** One run for all who ask for it. */
type Shared = { readonly running: Promise<Execution>; readonly controller: AbortController; askers: number };

/**
 * An executor in front of another. Kept answers are as they were, with the time that the run took. Closing it closes the other and forgets
 * everything. Executors that say nothing of themselves, or that they are not deterministic, are returned as they are.
 *
 * Who is blamed: as in the executor behind it; a file that is there and cannot be read blames the executor (`infrastructure`).
 *
 * @throws {GuardError} `EXECUTOR_INVALID` where `bytesMax` is no number from 0 up.
 * @public
 */
export function cached(executor: Executor, { bytesMax, clock }: CacheOptions): Executor {
  if (!(bytesMax >= 0))
    throw new GuardError('EXECUTOR_INVALID', `bytesMax is ${bytesMax}; expected a number from 0 up`);
  const { about } = executor;
  if (about === undefined || !about.isDeterministic) return executor;
  const kept = createKept(bytesMax);
  const shared = new Map<string, Shared>();
  const run = (request: RunRequest): Promise<Execution> => {
    const { filePath, funcName, args, timeoutS, memMb, signal } = request;
    return executor.execute(filePath, funcName, args, timeoutS, memMb, { signal });
  };
  const runAndKeep = async (request: RunRequest, key: string): Promise<Execution> => {
    const execution = await run(request);
    // The file may have changed after it was read for the key, and the executor have read another.
    if (execution.success && key === (await keyOf(about, request))) kept.put(key, execution);
    return execution;
  };
  const answer = async (request: RunRequest): Promise<Execution> => {
    const key = await keyOf(about, request);
    if (key === undefined) return run(request);
    return kept.get(key) ?? join(shared, key, request.signal, (signal) => runAndKeep({ ...request, signal }, key));
  };
  return {
    about,
    // oxlint-disable-next-line max-params -- The signature is the contract's (F002-6).
    execute: (filePath, funcName, args, timeoutS, memMb, { signal } = {}) => {
      const request = { filePath, funcName, args, timeoutS, memMb, signal };
      return settledRun(clock, request, () => answer(request));
    },
    close: async () => {
      kept.clear();
      await executor.close?.();
    },
  };
}

/** Of everything that an answer depends on; limits too, because a success within 2 s may be a timeout within 1. */
async function keyOf({ name, config }: ExecutorAbout, request: RunRequest): Promise<string | undefined> {
  const { content, path, isDoubtful } = await readImplementation(request.filePath);
  if (isDoubtful) return undefined; // K2
  const { funcName, args, timeoutS, memMb } = request;
  const ending = path === undefined ? null : path.slice(path.lastIndexOf('.')); // Says what language it is.
  const all = canonicalJson([name, config, ending, content, funcName, args, timeoutS, memMb]);
  return createHash('sha256').update(all).digest('hex');
}

/** Waits for the one run of a key, and starts it where there is none; the last to leave ends it (K3). */
// oxlint-disable-next-line max-params -- A run, its key, and who asks.
async function join(
  shared: Map<string, Shared>,
  key: string,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<Execution>,
): Promise<Execution> {
  const found = shared.get(key) ?? begin(shared, key, run);
  found.askers += 1;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(calledOff());
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    return await Promise.race([found.running, promise]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    found.askers -= 1;
    if (found.askers === 0) {
      if (shared.get(key) === found) shared.delete(key); // Nobody joins what is being ended.
      found.controller.abort();
    }
  }
}

function begin(shared: Map<string, Shared>, key: string, run: (signal: AbortSignal) => Promise<Execution>): Shared {
  const controller = new AbortController();
  const running = run(controller.signal);
  const begun = { running, controller, askers: 0 };
  shared.set(key, begun);
  const forget = (): void => {
    if (shared.get(key) === begun) shared.delete(key);
  };
  running.then(forget, forget); // Whoever asked is told how it ended; where all have left, nobody is.
  return begun;
}

function createKept(bytesMax: number) {
  const kept = new Map<string, { readonly execution: Execution; readonly bytes: number }>();
  let bytes = 0;
  const drop = (key: string): void => {
    bytes -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
  };
  return {
    get: (key: string): Execution | undefined => {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      kept.delete(key); // Used last, so the last to go.
      kept.set(key, found);
      return structuredClone(found.execution);
    },
    put: (key: string, execution: Execution): void => {
      const taken = Buffer.byteLength(JSON.stringify(execution)) + key.length;
      if (taken > bytesMax) return;
      drop(key);
      kept.set(key, { execution: structuredClone(execution), bytes: taken });
      bytes += taken;
      for (const oldest of kept.keys()) {
        if (bytes <= bytesMax) break;
        drop(oldest);
      }
    },
    clear: (): void => {
      kept.clear();
      bytes = 0;
    },
  };
}
