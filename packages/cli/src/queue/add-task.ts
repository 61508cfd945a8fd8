/**
 * `bulkhead queue add`: gives a task as it was typed, and prints its id, or with `--wait` what became of it.
 */
import type { TaskKind } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { listenForInterrupt } from '../guard/interrupt.ts';
import { readJsonObject } from '../json-argument.ts';
import { print, type ServerOptions } from '../remote/server-verb.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { giveTask, type Given } from './give-task.ts';
import type { GivenTask, KeptTask } from './queue-door.ts';

/** What is typed after it. */
export type AddOptions = ServerOptions & {
  readonly kind: TaskKind;
  readonly payload: string;
  readonly requires: readonly string[];
  readonly priority?: number;
  readonly deadline?: string;
  readonly maxRetry?: number;
  readonly id?: string;
  readonly wait?: boolean;
};

/** Where it is told what came of it; `showTask` prints a task that has ended. */
export type AddScreen = {
  readonly terminal: Terminal;
  readonly showTask: (task: KeptTask, terminal: Terminal) => void;
};

/** Gives it; answers 1 where it was waited for and is not done, 130 or 143 where a signal ended that. @throws as `giveTask`. */
export async function addTask(options: AddOptions, screen: AddScreen): Promise<number> {
  const { terminal } = screen;
  const task = await givenTask(options);
  using interrupt = listenForInterrupt();
  try {
    const given = await giveTask(task, { options, terminal, signal: interrupt.signal });
    show(given, options, screen);
    return given.ended === undefined || given.ended.state === 'done' ? EXIT_OK : EXIT_FAILED;
  } catch (error) {
    if (interrupt.signal.aborted) return interrupt.exitCode();
    throw error;
  }
}

async function givenTask(options: AddOptions): Promise<GivenTask> {
  const { kind, requires, priority, deadline, maxRetry, id } = options;
  return {
    ...{ kind, payload: await readJsonObject(options.payload, '--payload'), requires },
    ...(priority !== undefined && { priority }),
    ...(deadline !== undefined && { deadline }),
    ...(maxRetry !== undefined && { max_retry: maxRetry }),
    ...(id !== undefined && { id }),
  };
}

function show({ id, ended }: Given, options: AddOptions, { terminal, showTask }: AddScreen): void {
  if (ended === undefined) print({ terminal, options }, { id }, () => terminal.result(plain(id)));
  else print({ terminal, options }, ended, showTask);
}
