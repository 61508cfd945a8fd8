/**
 * Executes as tasks (X000-18): a function of JavaScript or TypeScript on its cases, or a command with its files, each run in a sandbox of
 * its own, and what the kernel measured of it.
 */
import { Result, TaskHandler, TaskKind, type JsonObject, type Task, type ToolContext } from '@bulkhead/sdk';
import { runCommand } from './run-command.ts';
import { runFunction } from './run-function.ts';
import { PayloadError, readPayload } from './payload.ts';

/** What came of a run: `data` of the result, and why it is an error where it is one. */
export type Executed = { readonly data: JsonObject; readonly error?: string };

/** Tasks of kind `execute` with `lang` js or ts, or with a `command`. */
export class Execute extends TaskHandler {
  readonly KIND = TaskKind.EXECUTE;
  readonly PROVIDES = ['cpu', 'node'];

  /** Leaves other languages to other handlers (F000-6). */
  override dispatch({ kind, payload }: Task): boolean {
    if (this.config['enabled'] === false || kind !== this.KIND) return false;
    const { lang, command } = payload;
    return lang === undefined ? typeof command === 'string' : lang === 'js' || lang === 'ts';
  }

  /** A program that fails is an error that no other attempt mends; only where the host had no room is another worth it. */
  override async handle(task: Task, context: ToolContext): Promise<Result> {
    try {
      const payload = readPayload(task.payload);
      const executed = 'command' in payload ? await runCommand(payload, context) : await runFunction(payload, context);
      if (executed.error === undefined) return Result.ok(task, executed.data);
      const refusal = Result.error(task, executed.error);
      return { ...refusal, data: { ...executed.data, ...refusal.data } };
    } catch (error) {
      if (error instanceof PayloadError) return Result.error(task, error.message);
      if (isRefusal(error))
        return Result.error(task, `${error.code}: ${error.message}`, { retryable: error.retryable });
      throw error;
    }
  }
}

type Refusal = Error & { readonly code: string; readonly retryable: boolean };

/** The host's own answers have both. */
function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'code' in error && 'retryable' in error && typeof error.retryable === 'boolean';
}

export default {};
