/**
 * The logger of a plugin: its lines go to the host as messages, bounded here already.
 */
import type { JsonObject, LogLevel } from '@bulkhead/protocol';

/** Levels as methods; `fields` are JSON. */
export type PluginLogger = Readonly<Record<LogLevel, (message: string, fields?: JsonObject) => void>>;

/** Lines in a second that reach the host; it takes no more of one guest than that. */
const LINES_PER_SECOND = 100;
const WINDOW_MS = 1_000;
const MESSAGE_CHARACTERS_MAX = 10_000;
const FIELDS_CHARACTERS_MAX = 10_000;

// Taken before any plugin code can replace them.
const stringify = JSON.stringify;
const now = performance.now.bind(performance);

/** A logger, and the level below which it says nothing. */
export type LeveledLogger = { readonly logger: PluginLogger; readonly setLevel: (level: LogLevel) => void };

/** Where lines go, the configuration as it is now, and the id of the call whose code runs. */
export type LoggerOptions = {
  readonly send: (json: string) => void;
  readonly configOf: () => JsonObject;
  readonly currentId: () => number | undefined;
};

/**
 * Makes a logger whose lines go to the host as messages. A plugin that logs in a loop loses lines, and is not taken for
 * one that floods the channel. What the plugin set is the least level; else the configuration's `log_level` (F004-13), as it is
 * when the line is written; else everything is said.
 */
export function createLogger({ send, configOf, currentId }: LoggerOptions): LeveledLogger {
  let own: LogLevel | undefined;
  let windowStart = now();
  let lines = 0;
  let leftOut = 0;

  function hasRoom(): boolean {
    const at = now();
    if (at - windowStart >= WINDOW_MS) {
      if (leftOut > 0)
        send(lineMessage('warn', `${leftOut} lines were left out: more than ${LINES_PER_SECOND} in a second`));
      windowStart = at;
      lines = 0;
      leftOut = 0;
    }
    lines += 1;
    if (lines > LINES_PER_SECOND - 1) leftOut += 1;
    return lines < LINES_PER_SECOND;
  }

  const line =
    (level: LogLevel) =>
    (message: unknown, fields?: unknown): void => {
      const least = own ?? readLevel(configOf()['log_level']);
      if (RANKS[level] >= RANKS[least] && hasRoom()) send(lineMessage(level, message, { fields, call: currentId() }));
    };
  return {
    logger: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    setLevel: (level) => void (own = readLevel(level)),
  };
}

const RANKS: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A word for a level in any case; what is none silences nothing. */
function readLevel(word: unknown): LogLevel {
  const level = typeof word === 'string' ? word.toLowerCase() : '';
  if (level === 'info' || level === 'error') return level;
  return level === 'warn' || level === 'warning' ? 'warn' : 'debug';
}

type Beside = { readonly fields?: unknown; readonly call?: number | undefined };

function lineMessage(level: LogLevel, message: unknown, { fields, call }: Beside = {}): string {
  const text = textOf(message).slice(0, MESSAGE_CHARACTERS_MAX);
  const of = call === undefined ? '' : `,"call":${call}`;
  return `{"t":"log","level":"${level}","message":${stringify(text)}${fieldsMember(fields)}${of}}`;
}

/** A plugin may log anything, whatever the types say. */
function textOf(message: unknown): string {
  try {
    return String(message);
  } catch {
    return 'a value that cannot be shown as text';
  }
}

function fieldsMember(fields: unknown): string {
  try {
    const json = stringify(fields) ?? '';
    if (json === '' || !json.startsWith('{')) return '';
    return json.length > FIELDS_CHARACTERS_MAX
      ? ',"fields":{"left_out":"more than 10,000 characters"}'
      : `,"fields":${json}`;
  } catch {
    return ',"fields":{"left_out":"cannot be written as JSON"}';
  }
}
