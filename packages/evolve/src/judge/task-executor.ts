/**
 * An executor whose runs are tasks of kind `execute`, which workers do on whatever machine they are: so a search has as many processors as
 * there are workers. Cases, properties and scores stay here; a worker sees the program and the arguments.
 *
 *   runs that are asked for at once --> one task, and one for follow-ups --> its answers, one for each run
 *                                         `-> none, as the program ended its process: each run by itself
 */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { normalizeExecution, type Execution, type ExecutionErrorType, type Executor } from '@bulkhead/guard';
import { isJsonObject, type JsonObject, type JsonValue, type TaskKind } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';

/**
 * A task that is to be done.
 *
 * @public
 */
export type AskedTask = { readonly kind: TaskKind; readonly payload: JsonObject; readonly requires: readonly string[] };

/**
 * How it ended: its state in the queue, why, and the result where there is one.
 *
 * @public
 */
export type TaskEnd = {
  readonly state: 'done' | 'dead' | 'cancelled';
  readonly reason?: string;
  readonly result?: { readonly data: JsonObject };
};

/**
 * Has a task done, and waits for its end. Rejects where the queue cannot be reached, or with the signal's reason.
 *
 * @public
 */
export type DoTask = (task: AskedTask, signal: AbortSignal | undefined) => Promise<TaskEnd>;

/** Runs of one task, and bytes of their arguments: a task is at most 2 MiB, with its program. */
const RUNS_MAX = 100;
const ARGUMENT_BYTES_MAX = 524_288;
/** Node has to start, and modules are loaded, in the time of a task. */
const START_MS = 2_000;
const TIMEOUT_MS_MAX = 300_000;

const LANGUAGES: Readonly<Record<string, 'js' | 'ts'>> = { '.js': 'js', '.mjs': 'js', '.ts': 'ts', '.mts': 'ts' };

/**
 * Makes it, for programs of JavaScript and TypeScript. A run has its time as its share of the task's; times are the program's own word, so
 * nothing may be decided by them.
 *
 * `execute` rejects with an {@link EvolveError} `EVALUATION_FAILED` where nobody could run the program, which says nothing of it: a task that was
 * cancelled, a worker without a sandbox.
 *
 * @throws {EvolveError} `EVOLVE_INVALID` from `execute`, for a file of another language.
 * @public
 */
export function createTaskExecutor(doTask: DoTask): Executor {
  const waiting = new Map<string, AskedRun[]>();
  return {
    // oxlint-disable-next-line max-params -- The signature is the contract's (F002-6).
    execute: (file, entry, args, timeoutS, memMb, { signal, isFollowUp = false } = {}) => {
      const key = JSON.stringify([file, entry, timeoutS, memMb, isFollowUp]);
      return new Promise((resolve, reject) => {
        const run: AskedRun = { args, signal, resolve, reject };
        const known = waiting.get(key);
        if (known !== undefined) return void known.push(run);
        waiting.set(key, [run]);
        // What is asked for in this turn goes together.
        setImmediate(() => {
          const runs = waiting.get(key) ?? [];
          waiting.delete(key);
          void doRuns({ file, entry, timeoutS, memMb, doTask }, runs);
        });
      });
    },
  };
}

type AskedRun = {
  readonly args: readonly JsonValue[];
  readonly signal: AbortSignal | undefined;
  readonly resolve: (execution: Execution) => void;
  readonly reject: (error: unknown) => void;
};

type Program = {
  readonly file: string;
  readonly entry: string;
  readonly timeoutS: number;
  readonly memMb: number;
  readonly doTask: DoTask;
};

async function doRuns(program: Program, runs: readonly AskedRun[]): Promise<void> {
  try {
    const source = await readFile(program.file, 'utf8');
    await Promise.all(piecesOf(runs).map((piece) => doPiece(program, source, piece)));
  } catch (error) {
    for (const { reject } of runs) reject(error);
  }
}

function piecesOf(runs: readonly AskedRun[]): readonly (readonly AskedRun[])[] {
  const pieces: AskedRun[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const run of runs) {
    const own = Buffer.byteLength(JSON.stringify(run.args));
    const last = pieces.at(-1);
    if (last === undefined || last.length === RUNS_MAX || bytes + own > ARGUMENT_BYTES_MAX) {
      pieces.push([run]);
      bytes = own;
    } else {
      last.push(run);
      bytes += own;
    }
  }
  return pieces;
}

async function doPiece(program: Program, source: string, runs: readonly AskedRun[]): Promise<void> {
  const [first] = runs;
  const end = await program.doTask(taskOf(program, source, runs), first?.signal);
  const answers = answersOf(end, runs.length);
  if (answers !== undefined) {
    runs.forEach(({ resolve }, at) => resolve(answers[at] ?? lost(end)));
  } else if (runs.length === 1) {
    first?.resolve(lost(end));
  } else {
    // One of them ended the process, and what became of the others is not known.
    await Promise.all(runs.map((run) => doPiece(program, source, [run])));
  }
}

function taskOf({ file, entry, timeoutS, memMb }: Program, source: string, runs: readonly AskedRun[]): AskedTask {
  const lang = LANGUAGES[extname(file)];
  if (lang === undefined) {
    const expected = Object.keys(LANGUAGES).join(', ');
    throw new EvolveError(
      'EVOLVE_INVALID',
      `workers run no "${extname(file)}"; expected a file that ends in ${expected}`,
    );
  }
  const timeoutMs = Math.min(TIMEOUT_MS_MAX, Math.ceil(timeoutS * 1_000 * runs.length) + START_MS);
  const cases = runs.map(({ args }) => [...args]);
  const payload = { lang, source, entry_fn: entry, cases, timeout_ms: timeoutMs, memory_mb: memMb };
  return { kind: 'execute', payload, requires: ['cpu', 'node'] };
}

/** One for each run; undefined where the program did not live to give any. @throws {EvolveError} where it was not run. */
function answersOf(end: TaskEnd, count: number): readonly Execution[] | undefined {
  const { data } = end.result ?? {};
  if (end.state === 'cancelled' || (data !== undefined && !isJsonObject(data['wall_ms'] ?? null))) throw notRun(end);
  const [values, oks, errors] = [data?.['values'], data?.['ok'], data?.['errors']];
  if (!Array.isArray(values) || !Array.isArray(oks) || !Array.isArray(errors) || values.length !== count)
    return undefined;
  const measured = { durationMs: callMs(data) / count, ...peakOf(data) };
  return values.map((value: JsonValue, at) => {
    if (oks[at] === true) return executionOf({ success: true, result: value }, measured);
    const why = errors[at];
    return executionOf(failed('exception', typeof why === 'string' ? why : 'it gave no result'), measured);
  });
}

/** The program ended its process, or was ended: by its time, by its memory, or as what ended its workers again and again. */
function lost(end: TaskEnd): Execution {
  const { data = {} } = end.result ?? {};
  const stoppedBy = data['stopped_by'];
  const type = stoppedBy === 'timeout' ? 'timeout' : stoppedBy === 'memory' ? 'out_of_memory' : 'process_exit';
  return executionOf(failed(type, whyOf(end)), { durationMs: callMs(data), ...peakOf(data) });
}

type Measured = { readonly durationMs: number; readonly peak_rss_bytes?: number };

/** Guard's own reading of an answer: it knows the code of each type, and bounds what a program may say. */
function executionOf(answer: object, { durationMs, ...peak }: Measured): Execution {
  return normalizeExecution({ ...answer, ...peak }, { durationMs });
}

function failed(error_type: ExecutionErrorType, error: string): object {
  return { success: false, error_type, error };
}

function callMs(data: JsonObject | undefined): number {
  const { call_ms: figures } = data ?? {};
  const median = isJsonObject(figures ?? null) ? (figures as JsonObject)['median'] : undefined; // Looked at here.
  return typeof median === 'number' && median >= 0 ? median : 0;
}

function peakOf(data: JsonObject | undefined): { readonly peak_rss_bytes?: number } {
  const { peak_rss_bytes: bytes } = data ?? {};
  return typeof bytes === 'number' && bytes > 0 ? { peak_rss_bytes: bytes } : {};
}

function notRun(end: TaskEnd): EvolveError {
  return new EvolveError('EVALUATION_FAILED', `no worker could run a program: ${whyOf(end)}`);
}

function whyOf({ state, reason, result }: TaskEnd): string {
  const message = result?.data['message'] ?? reason;
  return typeof message === 'string' ? message : `its task is ${state}`;
}
