/**
 * This process as a worker: its name, its clock, its log, and the machine that it says it is.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { WorkerClock } from '@bulkhead/evolve/workers';
import type { FlushingLog } from '@bulkhead/server';
import { UsageError } from '../usage-error.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** Time of this process. */
export const PROCESS_CLOCK: WorkerClock = {
  now: () => performance.now(),
  startTimer: (delayMs, didElapse) => {
    const timer = setTimeout(didElapse, Math.ceil(delayMs));
    return () => clearTimeout(timer);
  },
};

/** Whoever read the events may go before the worker: then nobody hears of them, and the work goes on. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

const ID_BYTES = 4;
const HOST_CHARACTERS = 100;
const WORKER_ID = /^[\w.-]{1,120}$/u;

/** Makes the name of a worker of this machine, as results and files bear it: `HOST-PID-RANDOM`. */
export function newWorkerId(): string {
  const host = hostname()
    .replaceAll(/[^\w.-]/gu, '_')
    .slice(0, HOST_CHARACTERS);
  return `${host}-${process.pid}-${randomBytes(ID_BYTES).toString('hex')}`;
}

/** Takes a name that was typed. @throws {UsageError} where no file could bear it. */
export function insistOnWorkerId(id: string): string {
  if (WORKER_ID.test(id)) return id;
  throw new UsageError(`--id is ${JSON.stringify(id)}; expected letters, digits, ".", "-" and "_", at most 120`);
}

/** A log that says warnings and errors, each in a line. */
export function createWorkerLog({ say }: Terminal): FlushingLog {
  const line = (fields: object, message: string): void => {
    const { code, err } = fields as { readonly code?: unknown; readonly err?: unknown }; // Both are only shown.
    const why = err instanceof Error ? `: ${err.message}` : '';
    say(plain(`${message}${typeof code === 'string' ? ` (${code})` : ''}${why}`));
  };
  const nothing = (): void => undefined;
  return { debug: nothing, info: nothing, warn: line, error: line, flush: nothing, flushed: () => Promise.resolve() };
}
