/**
 * Executes as tasks (X000-18): a function of JavaScript or TypeScript on its cases, or a command with its files, each run in a sandbox of
 * its own, or in a container of an image, and what the kernel measured of it.
 */
import { Result, TaskHandler, TaskKind, type JsonObject, type Task, type ToolContext } from '@bulkhead/sdk';
import { runCommand } from './run-command.ts';
import { runFunction } from './run-function.ts';
import { PayloadError, readPayload } from './payload.ts';

/** What came of a run: `data` of the result, and why it is an error where it is one. */
export type Executed = { readonly data: JsonObject; readonly error?: string };

/** Tasks of kind `execute` with `lang` js or ts, or with a `command`, in the sandbox of the machine. */
export class Execute extends TaskHandler {
  readonly KIND = TaskKind.EXECUTE;
  readonly PROVIDES = ['cpu', 'node'];

  /** Leaves other languages, and containers, to other handlers (F000-6). */
  override dispatch({ kind, payload }: Task): boolean {
    if (this.config['enabled'] === false || kind !== this.KIND) return false;
    return payload['image'] === undefined && isExecutable(payload);
  }

  override handle(task: Task, context: ToolContext): Promise<Result> {
    return executed(task, context);
  }
}

/** The same with an `image`: in a container of it, by the docker daemon of the worker's machine (X000-17). */
export class ExecuteDocker extends TaskHandler {
  readonly KIND = TaskKind.EXECUTE;
  readonly PROVIDES = ['cpu', 'docker'];

  /** Other languages are commands of their images. */
  override dispatch({ kind, payload }: Task): boolean {
    if (this.config['enabled'] === false || kind !== this.KIND) return false;
    return typeof payload['image'] === 'string' && isExecutable(payload);
  }

  override handle(task: Task, context: ToolContext): Promise<Result> {
    return executed(task, context);
  }
}

function isExecutable({ lang, command }: JsonObject): boolean {
  return lang === undefined ? typeof command === 'string' : lang === 'js' || lang === 'ts';
}

/** A program that fails is an error that no other attempt mends; only where the host had no room is another worth it. */
async function executed(task: Task, context: ToolContext): Promise<Result> {
  try {
    const payload = readPayload(task.payload);
    const ended = 'command' in payload ? await runCommand(payload, context) : await runFunction(payload, context);
    if (ended.error === undefined) return Result.ok(task, ended.data);
    const refusal = Result.error(task, ended.error);
    return { ...refusal, data: { ...ended.data, ...refusal.data } };
  } catch (error) {
    if (error instanceof PayloadError) return Result.error(task, error.message);
    if (isRefusal(error)) return Result.error(task, `${error.code}: ${error.message}`, { retryable: error.retryable });
    throw error;
  }
}

type Refusal = Error & { readonly code: string; readonly retryable: boolean };

/** The host's own answers have both. */
function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'code' in error && 'retryable' in error && typeof error.retryable === 'boolean';
}

export default {};
