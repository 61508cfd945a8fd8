/**
 * The server's log: one JSON object a line, by pino, written in the background so that no call waits for a pipe. What is
 * logged is chosen field by field where it is logged; no request, header or body is ever handed to it.
 */
import type { Log } from '@bulkhead/host';
import { pino } from 'pino';
import { createBackgroundWriter } from './background-writer.ts';

/**
 * Levels, from everything to nothing.
 *
 * @internal
 */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
/**
 * A word of {@link LOG_LEVELS}.
 *
 * @internal
 */
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * A log that can be written out before the process ends. `flush` writes what waits at once, and what is on its way may come after it;
 * `flushed` resolves once everything is written, in its order.
 *
 * @internal
 */
export type FlushingLog = Log & { readonly flush: () => void; readonly flushed: () => Promise<void> };

/** One write a line costs a call route a seventh of its time, one a dozen lines still a twentieth: lines wait, but not for long. */
const WRITE_CHARACTERS_MIN = 16_000;
const FLUSH_MS = 100;

/**
 * Opens a log on a file descriptor; standard error is 2. What cannot be written is lost, and said once something can be.
 *
 * @internal
 */
export function createLog(level: LogLevel, fd: number): FlushingLog {
  const target = createBackgroundWriter(fd);
  const lines = gatherLines(target.write, () => {
    const writes = target.takeLost();
    if (writes > 0) log.warn({ writes }, 'earlier lines could not be written, and are lost');
  });
  const timestamp = createTimestamp();
  const log = pino({ level, base: null, timestamp }, lines);
  const takesInfo = log.isLevelEnabled('info');
  const flush = (): void => {
    lines.flush();
    target.flushSync();
  };
  process.on('exit', flush);
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => {
      if (!takesInfo) return;
      const line = 'err' in fields ? undefined : infoLine(timestamp(), fields, message);
      if (line === undefined) log.info(fields, message);
      else lines.write(line);
    },
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    flush,
    flushed: () => {
      lines.flush();
      return target.flushed();
    },
  };
}

/**
 * The line that pino would write, or undefined where that is not so simple. pino turns each name and each text into JSON by itself, which
 * took three times as long: of each call's line one part in forty of the whole call.
 */
function infoLine(time: string, fields: object, message: string): string | undefined {
  try {
    const members = JSON.stringify(fields).slice(1, -1);
    return `{"level":30${time}${members === '' ? '' : `,${members}`},"msg":${JSON.stringify(message)}}\n`;
  } catch {
    return undefined; // A circle, or a bigint.
  }
}

/** What pino writes lines to. */
type Lines = { readonly write: (line: string) => void; readonly flush: () => void };

/** Lines wait here until they are worth a write; what `beforeWrite` logs goes with them. */
function gatherLines(write: (text: string) => void, beforeWrite: () => void): Lines {
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    beforeWrite();
    clearTimeout(timer);
    timer = undefined;
    const text = waiting;
    waiting = '';
    if (text !== '') write(text);
  };
  return {
    write: (line) => {
      waiting += line;
      if (waiting.length >= WRITE_CHARACTERS_MIN) flush();
      else timer ??= setTimeout(flush, FLUSH_MS).unref();
    },
    flush,
  };
}

/** Lines of one millisecond share the text of it: a busy server writes many. */
function createTimestamp(): () => string {
  let writtenAt = Number.NaN;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== writtenAt) text = `,"time":"${new Date(now).toISOString()}"`;
    writtenAt = now;
    return text;
  };
}
