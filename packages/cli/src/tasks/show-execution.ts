/**
 * What became of a task, in a line for people: by whom, in which version, and what came of it; or why nobody did it, and the cure.
 */
import type { AuditedResult } from '@bulkhead/host';
import type { Task } from '@bulkhead/protocol';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';

const SHOWN_CHARACTERS = 2_000;

/** Says it; `what` names the task, such as `execute`. */
export function showExecution(what: string, result: AuditedResult, { say, talkColors }: Terminal): void {
  const { status, data, handler_version: handler } = result;
  const by = handler === null ? '' : ` by ${handler}`;
  if (status === 'ok') say(plain(`${what}: ok${by}: ${clipped(JSON.stringify(data))}`));
  else if (status === 'skip') say(plain(`${what}: not done${by}: ${reasonIn(data)}`));
  else say(`${talkColors.red(`${what}: failed`)}${plain(`${by}: ${reasonIn(data)}`)}`);
}

/** Why a task was not done, by the data of its result, at most 2,000 characters. */
export function reasonIn(data: AuditedResult['data']): string {
  return clipped([data['message'], data['reason']].find((word) => typeof word === 'string') ?? 'it does not say why');
}

/** Says which task is given, for `--verbose`. */
export function sayTask({ id, kind, requires }: Task, { say, talkColors }: Terminal): void {
  say(talkColors.dim(`task ${id} of kind ${kind} requires ${requires.length === 0 ? 'nothing' : requires.join(', ')}`));
}

/** Says who had it, for `--verbose`. */
export function sayDoer(
  { task_id, worker_id, handler_version, image_tag }: AuditedResult,
  { say, talkColors }: Terminal,
): void {
  say(talkColors.dim(plain(`task ${task_id}: ${handler_version ?? 'no handler'}, worker ${worker_id}, ${image_tag}`)));
}

function clipped(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}
