/**
 * How arguments and results read in a report: as the task writes them. Its words must not cost a verdict, so that JSON stands
 * where they throw or are none.
 */
import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import { clipped, type JsonArgs } from './json.ts';
import type { Task } from './task.ts';

/** Arguments as a text of at most 500 characters. */
export function shownArgs(task: Task, args: JsonArgs): string {
  return clipped(textOr(() => task.format.args(args)) ?? canonicalJson(args));
}

/** A result as a text of at most 200 characters: two of them stand in one message. */
export function shownResult(task: Task, out: JsonValue): string {
  return clipped(textOr(() => task.format.result(out)) ?? canonicalJson(out), RESULT_MAX);
}

const RESULT_MAX = 200;

function textOr(write: () => unknown): string | undefined {
  try {
    const text = write();
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined; // What is lost is a nicer spelling.
  }
}
