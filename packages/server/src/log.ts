/**
 * The server's log: one JSON object a line, by pino, written in the background so that no call waits for a pipe. What is
 * logged is chosen field by field where it is logged; no request, header or body is ever handed to it.
 */
import type { Log } from '@bulkhead/host';
import { destination, pino } from 'pino';

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
 * A log that can be written out before the process ends.
 *
 * @internal
 */
export type FlushingLog = Log & { readonly flush: () => void };

/** One write a line costs a call route a seventh of its time, one a dozen lines still a twentieth: lines wait, but not for long. */
const WRITE_CHARACTERS_MIN = 16_000;
const FLUSH_MS = 100;

/**
 * Opens a log on a file descriptor; standard error is 2.
 *
 * @internal
 */
export function createLog(level: LogLevel, fd: number): FlushingLog {
  const target = destination({ fd, sync: false });
  const lines = gatherLines((text) => void target.write(text));
  const log = pino({ level, base: null, timestamp: createTimestamp() }, lines);
  const flush = (): void => {
    try {
      lines.flush();
      target.flushSync();
    } catch {
      // The reader of the pipe is gone, or the file was never opened: the last lines are lost.
    }
  };
  process.on('exit', flush);
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    flush,
  };
}

/** What pino writes lines to. */
type Lines = { readonly write: (line: string) => void; readonly flush: () => void };

/** They wait here, and not in the destination, which measures all that waits anew with each line: a fiftieth of a call's time. */
function gatherLines(write: (text: string) => void): Lines {
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
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
