/**
 * Passes a plugin's log lines on to the host's log. The plugin's text is only ever a value inside `fields` and the
 * message; who it was is said by the host (FAULTS 37). A plugin that logs too much loses lines, and the log says so.
 */
import {
  LIMITS,
  inspectJson,
  type GuestMessage,
  type JsonObject,
  type JsonValue,
  type LogLevel,
} from '@bulkhead/protocol';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { cleanLine, type HidePaths } from './clean-text.ts';

/** One line of a plugin's logger, as it came over the channel. */
export type GuestLogLine = Extract<GuestMessage, { readonly t: 'log' }>;

/** Where the lines go, and what the host says with each. */
export type PluginLogOptions = {
  readonly log: Log;
  readonly clock: Clock;
  /** Said by the host with each line, such as plugin, tenant and instance. */
  readonly source: Readonly<Record<string, string>>;
  readonly hidePaths: HidePaths;
  readonly onLine: TakeLine;
};

/** A line of a plugin's, clean and within its bounds. */
export type SaidLine = { readonly level: LogLevel; readonly text: string; readonly fields: JsonObject | undefined };

/** Gets each line that is passed on, as it is; `call` is the one whose code said it, as the guest has it. */
export type TakeLine = (line: SaidLine, call?: number) => void;

const WINDOW_MS = 1_000;
const LINES_MAX = LIMITS.log_lines_per_second.value;

/** Returns what takes the lines of one guest. */
export function createPluginLog({
  log,
  clock,
  source,
  hidePaths,
  onLine,
}: PluginLogOptions): (line: GuestLogLine) => void {
  let windowStart = clock.now();
  let lines = 0;
  const clean = (text: string): string => hidePaths(cleanLine(text)).slice(0, LIMITS.log_line_characters.value);

  function openWindow(now: number): void {
    if (lines > LINES_MAX) tellLeftOut(lines - LINES_MAX);
    windowStart = now;
    lines = 0;
  }

  function tellLeftOut(count: number): void {
    log.warn({ ...source, left_out: count }, 'lines of the plugin were left out');
    onLine({ level: 'warn', text: `(${count} lines were left out here)`, fields: undefined });
  }

  return ({ level, message, fields, call }) => {
    const now = clock.now();
    if (now - windowStart >= WINDOW_MS) openWindow(now);
    lines += 1;
    if (lines > LINES_MAX) return;
    const said = fields === undefined ? undefined : cleanFields(fields, clean);
    const text = clean(message);
    log[level]({ ...source, ...(said !== undefined && { fields: said }) }, text);
    onLine({ level, text, fields: said }, call);
  };
}

const BOUNDS = { depthMax: LIMITS.log_fields_depth.value, keysMax: LIMITS.log_fields_keys.value };

function cleanFields(fields: JsonObject, clean: (text: string) => string): JsonObject {
  const fault = inspectJson(fields, BOUNDS);
  if (fault !== undefined) return { left_out: `fields that are ${fault.kind.replaceAll('_', ' ')}` };
  return cleanObject(fields, clean);
}

/** Recursion is safe: the depth was judged. */
function cleanValue(value: JsonValue, clean: (text: string) => string): JsonValue {
  if (typeof value === 'string') return clean(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map((item) => cleanValue(item, clean));
  return cleanObject(value, clean);
}

function cleanObject(value: JsonObject, clean: (text: string) => string): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [clean(key), cleanValue(item, clean)]));
}

/** Array.isArray does not narrow a readonly array out of a union. */
function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
