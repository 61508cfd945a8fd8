/**
 * The `local` executor: implementations run in guests of the host's sandbox, as plugins do, and warm ones at that. A guest takes one run
 * at a time, so that what a run does to its guest costs no other run.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Harness, Host } from '@bulkhead/host';
import { ERRORS, isErrorCode, type CallError, type OutcomeKind } from '@bulkhead/protocol';
import { settledRun } from './settled-run.ts';
import { nonJsonPlace } from '../task/json.ts';
import { failed, type Execution, type ExecutionErrorType, type Executor } from './executor.ts';

/**
 * How it runs: on which host, with how many guests for each implementation (1 where it is left out), and how many bytes of JSON a result
 * may have (1 MiB).
 *
 * @public
 */
export type LocalExecutorOptions = {
  readonly host: Pick<Host, 'openHarness'>;
  readonly instances?: number;
  readonly outputBytes?: number;
};

/**
 * Makes one. `file_path` is a path; what is no file there is `invalid_input`. Each file is read, reviewed and bundled once for each
 * pair of limits, at its first run, and stays as it was then.
 *
 * Of an implementation that is refused by the review, throws, hangs, exits, or answers what is no JSON, the implementation is to blame;
 * of a sandbox that cannot be opened the executor is (X002-12). Follow-ups of relations have guests of their own, so that no state of a
 * guest carries an answer from a run to its follow-up. `peak_rss_bytes` are what the guest's process held at most during the run, Node
 * itself with it. What it prints is in `stdout` and `stderr` and can never be a result, which
 * travels on a channel of its own.
 *
 * @public
 */
export function createLocalExecutor({ host, instances, outputBytes }: LocalExecutorOptions): Executor {
  const opened = new Map<string, Promise<Opened>>();
  const open = async (file: string, timeoutS: number, memMb: number): Promise<Opened> => {
    const limits = {
      timeout_ms: Math.ceil(timeoutS * 1_000),
      memory_mb: memMb,
      ...(outputBytes !== undefined && { output_bytes: outputBytes }),
    };
    try {
      if (!(await isFile(file))) return { ok: false, type: 'invalid_input', error: `"${clip(file)}" is no file` };
      return {
        ok: true,
        harness: await host.openHarness({
          ...{ file, limits, measuresMemory: true },
          ...(instances !== undefined && { instances }),
        }),
      };
    } catch (error) {
      return refusalOf(error);
    }
  };
  const openOnce = (file: string, { timeoutS, memMb, isFollowUp }: GuestOf): Promise<Opened> => {
    const key = JSON.stringify([file, timeoutS, memMb, isFollowUp]);
    const known = opened.get(key);
    if (known !== undefined) return known;
    const opening = open(file, timeoutS, memMb);
    opened.set(key, opening);
    return opening;
  };
  return {
    about: { name: 'local', config: {}, isDeterministic: false },
    // oxlint-disable-next-line max-params -- The signature is the contract's (F002-6).
    execute: (filePath, funcName, args, timeoutS, memMb, { signal, isFollowUp = false } = {}) =>
      settledRun(NO_TIME, { filePath, funcName, args, timeoutS, memMb, signal }, async () => {
        const found = await openOnce(resolve(filePath), { timeoutS, memMb, isFollowUp });
        if (!found.ok) return failed(found.type, found.error, { durationMs: 0 });
        return executionOf(await found.harness.run({ fn: funcName, args, signal }));
      }),
    close: async () => {
      const all = await Promise.all(opened.values());
      opened.clear();
      await Promise.all(all.map(async (one) => (one.ok ? one.harness.close() : undefined)));
    },
  };
}

/** The harness measures a run; what is refused before it takes none. */
const NO_TIME = { now: () => 0 };

/** Runs that differ in one of these meet no guest of one another. */
type GuestOf = { readonly timeoutS: number; readonly memMb: number; readonly isFollowUp: boolean };

type Opened =
  | { readonly ok: true; readonly harness: Harness }
  | { readonly ok: false; readonly type: ExecutionErrorType; readonly error: string };

/** A path may be a whole text where an implementation is a prompt; that is no file of anybody. */
async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false; // Not there, no path at all, or not to be read, which the review would say as well.
  }
}

type Outcome = Awaited<ReturnType<Harness['run']>>;

function executionOf(outcome: Outcome): Execution {
  const { duration_ms, stdout, stderr, cpu_ms, peak_rss_bytes } = outcome.call;
  const measured = {
    ...(cpu_ms !== null && { cpu_ms }),
    ...(peak_rss_bytes !== null && { peak_rss_bytes }),
  };
  if (outcome.ok) {
    // A text of JSON may hold 1e999, which is no number of JSON once it is read: it could be the argument of no follow-up.
    const place = nonJsonPlace(outcome.value, 'the result');
    if (place !== undefined)
      return {
        ...failed('parse_error', `${place}; expected JSON`, { durationMs: duration_ms, stdout, stderr }),
        ...measured,
      };
    return { success: true, result: outcome.value, duration_ms, stdout, stderr, ...measured };
  }
  const { code, message } = outcome.error;
  const end = failed(typeOf(outcome.error), `${code}: ${message}`, { durationMs: duration_ms, stdout, stderr });
  return { ...end, ...measured };
}

/** What an implementation did, by the kind of outcome; every other kind is the sandbox's own. */
const TYPES: Partial<Readonly<Record<OutcomeKind, ExecutionErrorType>>> = {
  tool_error: 'exception',
  not_found: 'exception',
  invalid_output: 'parse_error',
  output_too_large: 'parse_error',
  protocol_violation: 'parse_error',
  timeout: 'timeout',
  out_of_memory: 'out_of_memory',
  crashed: 'process_exit',
  cancelled: 'cancelled',
};

function typeOf({ kind, code }: CallError): ExecutionErrorType {
  return code === 'GUEST_LOST' ? 'infrastructure' : (TYPES[kind] ?? 'infrastructure');
}

/** What an author has to mend is the implementation's fault; a package that is not installed is nobody's. */
function refusalOf(error: unknown): Opened {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  const message = error instanceof Error ? error.message : String(error);
  if (!isErrorCode(code)) return { ok: false, type: 'infrastructure', error: message };
  if (code === 'PLUGIN_UNAVAILABLE') return { ok: false, type: 'unavailable', error: message };
  const type = ERRORS[code].audience === 'author' ? 'exception' : 'infrastructure';
  return { ok: false, type, error: `${code}: ${message}` };
}

const PATH_MAX = 200;

function clip(text: string): string {
  return text.length > PATH_MAX ? `${text.slice(0, PATH_MAX)}…` : text;
}
