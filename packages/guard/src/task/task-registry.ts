/**
 * Tasks by name (X002-1). Names are unique: the first stays unless the caller says otherwise.
 */
import { GuardError } from '../guard-error.ts';
import type { Task } from './task.ts';

/**
 * Tasks that one evaluation or one command knows.
 *
 * @public
 */
export interface TaskRegistry {
  /**
   * Takes a task in.
   *
   * @throws {GuardError} `TASK_EXISTS` where its name is taken and `overwrite` is not true.
   */
  readonly register: (task: Task, options?: { readonly overwrite?: boolean }) => void;
  /**
   * The task of a name.
   *
   * @throws {GuardError} `TASK_NOT_FOUND`, with the names that there are.
   */
  readonly get: (name: string) => Task;
  /** Every task, by name. */
  readonly list: () => readonly Task[];
}

/**
 * Starts an empty registry.
 *
 * @public
 */
export function createTaskRegistry(): TaskRegistry {
  const tasks = new Map<string, Task>();
  const list = (): readonly Task[] => [...tasks.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return {
    register: (task, { overwrite = false } = {}) => {
      if (tasks.has(task.name) && !overwrite) {
        throw new GuardError(
          'TASK_EXISTS',
          `Task '${task.name}' already registered. Use overwrite=True to replace it: register(task, { overwrite: true }).`,
        );
      }
      tasks.set(task.name, task);
    },
    get: (name) => {
      const task = tasks.get(name);
      if (task !== undefined) return task;
      const available = list()
        .map((known) => `'${known.name}'`)
        .join(', ');
      throw new GuardError('TASK_NOT_FOUND', `Task '${name}' not found in registry. Available: [${available}]`);
    },
    list,
  };
}
