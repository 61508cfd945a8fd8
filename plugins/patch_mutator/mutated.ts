/**
 * What comes of a change, in the words of the wire: the source, its diff and size, and the task that runs it.
 */
import { createHash } from 'node:crypto';
import { describeChange, executeTaskOf, type ChangeSummary, type Executable } from '@bulkhead/evolve/edits';
import type { JsonObject, Task } from '@bulkhead/sdk';

/** A changed source; without an entry function nothing runs it. */
export type Changed = {
  readonly before: string;
  readonly after: string;
  readonly file: string;
  readonly lang: string | undefined;
  readonly entryFunction: string | undefined;
};

/**
 * `source`, `diff`, `summary` (`lines_added`, `lines_removed`, `hunks`), and with an entry function `execute_task` and, under the other
 * name of the contract, `spawn` (X000-19).
 */
export function changedData(task: Task, { before, after, file, lang, entryFunction }: Changed): JsonObject {
  const { diff, summary } = describeChange(before, after, file);
  const data = { source: after, diff, summary: sizeOf(summary) };
  if (entryFunction === undefined) return data;
  const executable = { source: after, entryFunction, file, ...(lang !== undefined && { lang }) };
  const executeTask = taskFor(task, executable);
  return { ...data, execute_task: executeTask, spawn: executeTask };
}

function sizeOf({ linesAdded, linesRemoved, hunks }: ChangeSummary): JsonObject {
  return { lines_added: linesAdded, lines_removed: linesRemoved, hunks };
}

const ID_DIGITS = 32;

/** The same source of the same task has the same id: a task that is handled twice spawns one (X000-14). */
function taskFor(task: Task, executable: Executable): JsonObject {
  const id = createHash('sha256').update(`${task.id}\n${executable.source}`).digest('hex').slice(0, ID_DIGITS);
  const { kind, payload, requires, attempts, created_at, schema_v } = executeTaskOf(executable, {
    id,
    now: Date.now(),
  });
  return { kind, id, payload, requires, attempts, created_at, schema_v };
}
