/**
 * Work on tasks of a queue. A plugin lists its handlers under `entry_points.task_handlers` (F000-2 to F000-9).
 */
import type { JsonObject, Task, TaskKind as WireTaskKind } from '@bulkhead/protocol';
import type { ToolContext } from './context.ts';
import type { Result } from './result.ts';

/**
 * Kinds of tasks, for authors who prefer constants; the values are the wire's (X000-1).
 *
 * @experimental
 */
export const TaskKind = {
  /** A template becomes a text. */
  RENDER: 'render',
  /** A program becomes another one. */
  MUTATE: 'mutate',
  /** A program is run. */
  EXECUTE: 'execute',
  /** What came of a run is judged. */
  EVALUATE: 'evaluate',
} as const satisfies Record<string, WireTaskKind>;

/** One of the kinds' wire names. */
export type TaskKind = WireTaskKind;

/**
 * What every task handler is (F000-3). It lives in the sandbox, once per instance, and is constructed with the configuration
 * of the plugin's registration.
 *
 * @experimental
 */
export abstract class TaskHandler {
  readonly config: JsonObject;
  /** Kind of the tasks that it handles; read when the plugin is loaded (F000-4). */
  abstract readonly KIND: TaskKind;
  /** Capability tags that it offers; a task comes here only where it requires no other (F000-5, X000-8). */
  abstract readonly PROVIDES: readonly string[] | ReadonlySet<string>;

  /** @param config - Of the plugin's registration. */
  constructor(config?: JsonObject | null) {
    this.config = config ?? {};
  }

  /**
   * Says whether it takes this task. Quick, without side effects; it may look at the payload, so that two handlers of one
   * kind can be told apart (F000-6). As it stands it takes every task of its kind.
   */
  dispatch(task: Task): boolean | Promise<boolean> {
    return task.kind === this.KIND;
  }

  /**
   * Does the work and says how it ended. The same task may come twice, so its effects are those of one (X000-14). The payload
   * is untrusted: check what is used of it, a diff for at most 204,800 bytes (F000-45).
   *
   * @param context - Of this call; its `signal` is aborted at the deadline.
   * @throws whatever goes wrong unforeseen: the call is a `tool_error`, and the worker goes on.
   */
  abstract handle(task: Task, context: ToolContext): Result | Promise<Result>;
}
