/**
 * What a worker says while it runs: one line of JSON an event, or a line for people.
 */
import type { WorkerEvent, WorkerExit } from '@bulkhead/evolve/workers';
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** An event as it is printed; `event` says which. */
export type WorkerLine = {
  readonly event: 'ready' | 'claimed' | 'task' | 'waits' | 'delivered' | 'away' | 'exit' | 'spawner';
} & JsonObject;

/** Prints an event: as JSON, or as words of its own. */
export type SayEvent = (line: WorkerLine, words: string) => void;

/** Makes it. Lines of JSON are results; words are talk. */
export function createSayEvent(isJson: boolean, terminal: Terminal): SayEvent {
  return (line, words) => {
    if (isJson) terminal.result(JSON.stringify(line));
    else terminal.say(plain(words));
  };
}

/** Writes an event of a worker. */
export function sayWorkerEvent(event: WorkerEvent, say: SayEvent): void {
  if (event.kind === 'away') {
    const { error, pauseMs } = event;
    say(
      { event: 'away', message: error.message, pause_ms: pauseMs },
      `${error.message}; trying again in ${pauseMs} ms`,
    );
    return;
  }
  const { task, tenant_id } = event.lease;
  const about = { task_id: task.id, kind: task.kind, tenant_id };
  if (event.kind === 'claimed') {
    say({ event: 'claimed', ...about }, `task ${task.id} of kind ${task.kind}`);
    return;
  }
  if (event.kind === 'waits') {
    const { error, pauseMs: pause_ms } = event;
    const words = `task ${task.id}: its result could not be handed in: ${error.message}; trying again until it is taken`;
    say({ event: 'waits', ...about, message: error.message, pause_ms }, words);
    return;
  }
  if (event.kind === 'delivered') {
    const waited_ms = Math.round(event.waitedMs);
    say({ event: 'delivered', ...about, waited_ms }, `task ${task.id}: its result was handed in after ${waited_ms} ms`);
    return;
  }
  const { result, fate, durationMs } = event;
  const duration_ms = Math.round(durationMs);
  const end = { status: result.status, handler: result.handler_version, fate, duration_ms };
  const by = result.handler_version === null ? 'by nobody' : `by ${result.handler_version}`;
  const isKept = fate === 'held' ? '' : `, but the lease was ${fate}`;
  say({ event: 'task', ...about, ...end }, `task ${task.id}: ${result.status} ${by} in ${duration_ms} ms${isKept}`);
}

/** Writes why a worker ended. */
export function sayExit({ reason, tasks, error }: WorkerExit, say: SayEvent): void {
  const message = error === undefined ? {} : { message: error.message };
  const why = error === undefined ? '' : `: ${error.message}`;
  say({ event: 'exit', reason, tasks, ...message }, `ended (${reason}) after ${tasks} tasks${why}`);
}

/** Reads a line that a worker printed; undefined for what is none. */
export function parseWorkerLine(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) && typeof value['event'] === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Name of the plugin of a handler's version, for metrics. */
export function handlerLabel(version: unknown): string {
  return typeof version === 'string' ? (version.split(' ')[0] ?? 'none') : 'none';
}
