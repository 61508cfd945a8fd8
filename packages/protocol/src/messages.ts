/**
 * The messages inside the frames, and the parser that treats a guest's as hostile.
 *
 *   host                                guest
 *    |  <------------- hello -----------  |   booted, holds no code yet (a spare stays here)
 *    |  -- bind, then raw chunks ------>  |   the artifact travels over the channel
 *    |  <---- ready | failed -----------  |   imported and initialised
 *    |  -- call, abort ---------------->  |
 *    |  <- ok | err, begun, log, dying -  |   in any order, each id answered once
 *    |  <- raw chunks, progress --------  |   of a call, before its answer; chunks as far as its reader allows
 *    |  -- more ----------------------->  |   the reader has taken so much
 *    |  <- ask ------------ answer ---->  |   what the plugin wants of the host's services, at any time after bind
 *    |  -- event ------------ heard --->  |   what the plugin subscribed to, each said to be heard once it was handled
 *    |  -- close ---------------------->  |   onUnload, then exit
 */
import { parseWireEntries, type WireEntry } from './entry-points.ts';
import { isErrorCode } from './call-error.ts';
import type { ErrorCode } from './errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { LIMITS } from './limits.ts';
import { parseWireOffers, type WireOffers } from './offers.ts';
import type { PluginEvent, ServiceAnswer, ServiceAsk } from './services.ts';
import type { WireTool } from './tool.ts';

/**
 * Raised when a message changes so that an older side would misread it.
 *
 * @internal
 */
export const PROTOCOL_VERSION = 1;

/**
 * What a call runs inside the guest.
 *
 * @internal
 */
export type CallTarget = 'tool' | 'export' | 'hook' | 'health' | 'entry';

/**
 * What the artifact is: a plugin; a module of which only named functions are called; or the host's own self-test, for
 * which the import rule is lifted.
 *
 * @internal
 */
export type BindKind = 'plugin' | 'functions' | 'probe';

/**
 * Sent once to a guest; `artifact_bytes` of raw frames follow.
 *
 * @internal
 */
export type BindMessage = {
  readonly t: 'bind';
  readonly kind: BindKind;
  readonly artifact_bytes: number;
  readonly name: string;
  readonly version: string;
  readonly tenant: string;
  readonly manifest: JsonObject;
  readonly config: JsonObject;
  readonly output_bytes: number;
  /** What the plugin may hold, for its own eyes. */
  readonly memory_bytes: number;
  /** Placeholders of secrets by name. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Its temp folder, where it was granted one. */
  readonly temp_dir?: string;
};

/**
 * `args` are positional; a tool takes one (its params). An entry's name is `group/name#method`. `left_ms` is time left, since clocks are not shared. `caller` is the
 * tenant that the call is for, its configuration and placeholders, where the guest serves every tenant.
 *
 * @internal
 */
export type CallMessage = {
  readonly t: 'call';
  readonly id: number;
  readonly target: CallTarget;
  readonly name: string;
  readonly args: readonly JsonValue[];
  readonly left_ms: number;
  readonly caller?: {
    readonly tenant: string;
    readonly config: JsonObject;
    readonly secrets?: Readonly<Record<string, string>>;
  };
  /** Somebody reads what it gives piece by piece, this many bytes ahead at first. Absent: the result is wanted whole. */
  readonly window?: number;
};

/**
 * An event for these of the guest's subscriptions; answered once, by `heard` with its id, when all of their handlers have ended.
 *
 * @internal
 */
export type EventMessage = {
  readonly t: 'event';
  readonly id: number;
  readonly to: readonly number[];
  readonly event: PluginEvent;
};

/**
 * What a host says to a guest. Times left are milliseconds: a clock does not cross the wall.
 *
 * @internal
 */
export type HostMessage =
  | BindMessage
  | CallMessage
  | { readonly t: 'abort'; readonly id: number }
  | { readonly t: 'more'; readonly id: number; readonly bytes: number }
  | { readonly t: 'config'; readonly config: JsonObject }
  | ({ readonly t: 'answer'; readonly id: number } & ServiceAnswer)
  | EventMessage
  | { readonly t: 'close'; readonly left_ms: number };

/**
 * An error as a guest tells it: text only, bounded, never an object of the guest's realm.
 *
 * @internal
 */
export type GuestError = { readonly name: string; readonly message: string; readonly stack?: string };

/**
 * How far a call is, as its plugin says: `progress` grows, in units of its own, towards `total` where that is known. As in
 * progress notifications of MCP.
 *
 * @public
 */
export type Progress = { readonly progress: number; readonly total?: number; readonly message?: string };

/**
 * Levels of a plugin’s logger.
 *
 * @public
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * What a plugin turned out to offer once it was loaded.
 *
 * @internal
 */
export type GuestReady = {
  readonly t: 'ready';
  readonly metadata: JsonObject;
  readonly tools: readonly WireTool[];
  readonly hooks: readonly string[];
  readonly exports: readonly string[];
  readonly has_health_check: boolean;
  /** Absent where it has none. */
  readonly entries?: readonly WireEntry[];
} & WireOffers;

/** Bytes that the guest wrote to stdout and stderr so far; absent means none. The host waits for them, bounded. */
type Written = { readonly written?: number };

/**
 * `begun` names calls that are still running after the tick that started them, so that a guest which dies in a
 * synchronous stretch is blamed on the call that was in it; `dying` names that call itself where it is known.
 *
 * @internal
 */
export type GuestMessage =
  | { readonly t: 'hello'; readonly protocol: number; readonly node: string }
  | GuestReady
  | { readonly t: 'failed'; readonly code: ErrorCode; readonly error: GuestError }
  | ({ readonly t: 'ok'; readonly id: number; readonly value: JsonValue; readonly metadata?: JsonObject } & Written)
  | ({
      readonly t: 'err';
      readonly id: number;
      readonly code: ErrorCode;
      readonly error: GuestError;
      /** Of a ToolResult with success false. */
      readonly metadata?: JsonObject;
    } & Written)
  | ServiceAsk
  | { readonly t: 'progress'; readonly id: number; readonly told: Progress }
  | { readonly t: 'heard'; readonly id: number }
  | { readonly t: 'begun'; readonly ids: readonly number[] }
  | { readonly t: 'dying'; readonly code: ErrorCode; readonly error: GuestError; readonly id?: number }
  | {
      readonly t: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields?: JsonObject;
      /** The call whose code said it, where one did. */
      readonly call?: number;
    };

/** Codes that a guest may give its own call; it may only make its own outcome worse. */
const CALL_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'PLUGIN_THREW',
  'TOOL_REPORTED_ERROR',
  'PROVIDER_REFUSED',
  'MCP_TOOLS_CHANGED',
  'IMPORT_REFUSED',
  'ACCESS_REFUSED',
  'RESULT_UNSERIALIZABLE',
  'RESULT_TOO_DEEP',
  'RESULT_TOO_LARGE',
  'GUEST_OUT_OF_MEMORY',
]);
const FAILED_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'LOAD_FAILED',
  'INIT_FAILED',
  'IMPORT_REFUSED',
  'ACCESS_REFUSED',
  'GUEST_OUT_OF_MEMORY',
]);
const DYING_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'GUEST_UNCAUGHT',
  'GUEST_UNHANDLED_REJECTION',
  'GUEST_OUT_OF_MEMORY',
  'GUEST_EXITED',
]);
const LOG_LEVELS: ReadonlySet<string> = new Set<LogLevel>(['debug', 'info', 'warn', 'error']);

/**
 * Reads one parsed message of a guest.
 *
 * @param value - From `JSON.parse`, of bounded size; depth is judged by the caller, who knows which part is the plugin's.
 * @returns the message with texts clipped, or undefined: then the guest broke the protocol (`FRAME_SCHEMA`).
 * @internal
 */
export function parseGuestMessage(value: unknown): GuestMessage | undefined {
  if (!isJsonObject(value)) return undefined;
  switch (value['t']) {
    case 'ok':
      return parseOk(value);
    case 'err':
      return parseErr(value);
    case 'ask':
      return parseAsk(value);
    case 'progress':
      return parseProgress(value);
    case 'log':
      return parseLog(value);
    case 'hello':
      return parseHello(value);
    case 'ready':
      return parseReady(value);
    case 'failed':
      return withCode(value, FAILED_CODES, (code, error) => ({ t: 'failed', code, error }));
    case 'heard':
      return isCallId(value['id']) ? { t: 'heard', id: value['id'] } : undefined;
    case 'begun':
      return isIdList(value['ids']) ? { t: 'begun', ids: value['ids'] } : undefined;
    case 'dying':
      return parseDying(value);
    default:
      return undefined;
  }
}

function parseOk(value: JsonObject): GuestMessage | undefined {
  const id = value['id'];
  const metadata = value['metadata'];
  if (!isCallId(id)) return undefined;
  const answer = { t: 'ok', id, value: value['value'] ?? null, written: writtenOf(value) } as const;
  if (metadata === undefined) return answer;
  return isJsonObject(metadata) ? { ...answer, metadata } : undefined;
}

function writtenOf(value: JsonObject): number {
  const written = value['written'];
  return typeof written === 'number' && Number.isSafeInteger(written) && written > 0 ? written : 0;
}

function parseDying(value: JsonObject): GuestMessage | undefined {
  const id = value['id'];
  return withCode(value, DYING_CODES, (code, error) =>
    isCallId(id) ? { t: 'dying', code, error, id } : { t: 'dying', code, error },
  );
}

function parseErr(value: JsonObject): GuestMessage | undefined {
  const id = value['id'];
  const metadata = value['metadata'];
  if (!isCallId(id) || (metadata !== undefined && !isJsonObject(metadata))) return undefined;
  const more = { written: writtenOf(value), ...(metadata === undefined ? {} : { metadata }) };
  return withCode(value, CALL_CODES, (code, error) => ({ t: 'err', id, code, error, ...more }));
}

function parseAsk({ id, call, event, service, method, args }: JsonObject): GuestMessage | undefined {
  if (!isCallId(id) || (call !== undefined && !isCallId(call)) || !isJsonObject(args)) return undefined;
  if (event !== undefined && !isCallId(event)) return undefined;
  if (typeof service !== 'string' || typeof method !== 'string') return undefined;
  const asked = { service: clip(service, 64), method: clip(method, 64), args };
  return { t: 'ask', id, ...(call !== undefined && { call }), ...(event !== undefined && { event }), ...asked };
}

function parseProgress({ id, told }: JsonObject): GuestMessage | undefined {
  const { progress, total, message } = isJsonObject(told) ? told : {};
  if (!isCallId(id) || typeof progress !== 'number') return undefined;
  const known = {
    progress,
    ...(typeof total === 'number' && { total }),
    ...(typeof message === 'string' && { message: clip(message, LIMITS.error_text_characters.value) }),
  };
  return { t: 'progress', id, told: known };
}

function parseHello(value: JsonObject): GuestMessage | undefined {
  const { protocol, node } = value;
  if (typeof protocol !== 'number' || typeof node !== 'string') return undefined;
  return { t: 'hello', protocol, node: clip(node, 64) };
}

function parseLog(value: JsonObject): GuestMessage | undefined {
  const { level, message, fields, call } = value;
  if (call !== undefined && !isCallId(call)) return undefined;
  if (typeof level !== 'string' || !LOG_LEVELS.has(level) || typeof message !== 'string') return undefined;
  const line = {
    t: 'log',
    level: level as LogLevel,
    message: clip(message, LIMITS.log_line_characters.value),
    ...(call !== undefined && { call }),
  } as const; // In the set.
  return isJsonObject(fields) ? { ...line, fields } : line;
}

function parseReady(value: JsonObject): GuestMessage | undefined {
  const { metadata, tools, hooks, exports, has_health_check } = value;
  if (!isJsonObject(metadata) || !Array.isArray(tools) || tools.length > LIMITS.tools.value) return undefined;
  if (!isTextList(hooks) || !isTextList(exports) || typeof has_health_check !== 'boolean') return undefined;
  const parsed = tools.map(parseTool);
  const entries = parseWireEntries(value['entries']);
  const offers = parseWireOffers(value);
  if (parsed.includes(undefined) || entries === undefined || offers === undefined) return undefined;
  const offered = parsed.filter((tool) => tool !== undefined);
  const ready = { t: 'ready', metadata, tools: offered, hooks, exports, has_health_check, ...offers } as const;
  return entries.length === 0 ? ready : { ...ready, entries };
}

function parseTool(value: unknown): WireTool | undefined {
  if (!isJsonObject(value)) return undefined;
  const { name, description, parameters, returns, idempotent, needs_approval, required_permissions } = value;
  const { content } = value;
  if (typeof name !== 'string' || typeof description !== 'string' || !isJsonObject(parameters)) return undefined;
  if (typeof idempotent !== 'boolean' || typeof needs_approval !== 'boolean' || !isTextList(required_permissions)) {
    return undefined;
  }
  const base = { name, description, parameters, idempotent, needs_approval, required_permissions };
  const tool = content === true ? { ...base, content } : base;
  if (returns === undefined) return tool;
  return isJsonObject(returns) ? { ...tool, returns } : undefined;
}

function withCode(
  value: JsonObject,
  codes: ReadonlySet<string>,
  make: (code: ErrorCode, error: GuestError) => GuestMessage,
): GuestMessage | undefined {
  const code = value['code'];
  const error = parseError(value['error']);
  return isErrorCode(code) && codes.has(code) && error !== undefined ? make(code, error) : undefined;
}

function parseError(value: unknown): GuestError | undefined {
  if (!isJsonObject(value)) return undefined;
  const { name, message, stack } = value;
  if (typeof name !== 'string' || typeof message !== 'string') return undefined;
  const error = { name: clip(name, 128), message: clip(message, LIMITS.error_text_characters.value) };
  return typeof stack === 'string' ? { ...error, stack: clip(stack, LIMITS.stack_characters.value) } : error;
}

function isCallId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isIdList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= LIMITS.concurrency.value && value.every(isCallId);
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= 4_096 && value.every((item) => typeof item === 'string');
}

function clip(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
}
