/**
 * Judges what a guest says once its shape is known: is a result within bounds, is what a plugin says of itself, and
 * what error does its own account of a failure make. Pure; what it refuses is an answer, never a throw.
 */
import {
  LIMITS,
  callError,
  inspectJson,
  type CallError,
  type ChunkFrame,
  type ErrorCode,
  type GuestError,
  type GuestMessage,
  type GuestReady,
  type JsonFault,
  type JsonObject,
  type JsonValue,
  type Progress,
  type WireEntry,
  type WireTool,
} from '@bulkhead/protocol';
import type { Chunk } from '../sandbox.ts';
import { cleanOutput, type HidePaths } from './clean-text.ts';

/** What is settled of a call, before what the driver measured is added. */
export type ReplyBody = { readonly metadata: JsonObject | undefined } & (
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly error: CallError; readonly stack: string | undefined }
);

const RESULT_BOUNDS = { depthMax: LIMITS.json_depth.value, keysMax: LIMITS.json_keys.value };
/** Beside an error, metadata is a remark. */
const REMARK_BOUNDS = { depthMax: LIMITS.json_depth.value, keysMax: 1_000 };
const READY_BOUNDS = { depthMax: LIMITS.json_depth.value, keysMax: LIMITS.ready_keys.value };
const NAME_CHARACTERS_MAX = 256;

/** What a guest offers before it has said anything. */
export const NOT_READY: GuestReady = {
  t: 'ready',
  metadata: {},
  tools: [],
  hooks: [],
  exports: [],
  has_health_check: false,
};

/** Wraps an error that the host itself found as the end of a call. */
export function failed(error: CallError): ReplyBody {
  return { ok: false, error, stack: undefined, metadata: undefined };
}

/** Judges a result; keys that reach a prototype are removed from it. */
export function judgeValue({ value, metadata }: Extract<GuestMessage, { t: 'ok' }>): ReplyBody {
  const fault = inspectJson(value, RESULT_BOUNDS) ?? inspectJson(metadata, RESULT_BOUNDS);
  return fault === undefined ? { ok: true, value, metadata } : failed(resultFault(fault));
}

function resultFault({ kind, allowed, observed }: JsonFault): CallError {
  const unit = kind === 'too_deep' ? 'levels' : 'keys';
  return callError(kind === 'too_deep' ? 'RESULT_TOO_DEEP' : 'RESULT_TOO_LARGE', {
    message: `the result has more than ${allowed} ${unit}`,
    limit: { name: kind === 'too_deep' ? 'json_depth' : 'json_keys', allowed, observed, unit },
  });
}

/** A chunk that was read, or why it ends its call. */
export type JudgedChunk =
  { readonly ok: true; readonly chunk: Chunk } | { readonly ok: false; readonly error: CallError };

/** Judges a chunk of a result as a result is judged. Bytes are copied, since the frame's are used again. */
export function judgeChunk({ form, bytes }: ChunkFrame): JudgedChunk {
  if (form === 'bytes') return { ok: true, chunk: Buffer.from(bytes) };
  let chunk: JsonValue;
  try {
    chunk = JSON.parse(bytes.toString('utf8')) as JsonValue; // What JSON.parse answers is JSON.
  } catch {
    const message = `a chunk of ${bytes.length} bytes is not JSON`;
    return { ok: false, error: callError('FRAME_MALFORMED', { message }) };
  }
  const fault = inspectJson(chunk, RESULT_BOUNDS);
  return fault === undefined ? { ok: true, chunk } : { ok: false, error: resultFault(fault) };
}

/** Cleans what a plugin says of how far it is. */
export function judgeProgress({ message, ...told }: Progress, hidePaths: HidePaths): Progress {
  return message === undefined ? told : { ...told, message: hidePaths(cleanOutput(message)) };
}

/** Judges what a guest asks with, as a result is judged; returns what is wrong with it, in words for its author. */
export function judgeAsk({ args }: Extract<GuestMessage, { t: 'ask' }>): string | undefined {
  const fault = inspectJson(args, RESULT_BOUNDS);
  if (fault === undefined) return undefined;
  return `the arguments have more than ${fault.allowed} ${fault.kind === 'too_deep' ? 'levels' : 'keys'}`;
}

/** Judges a guest's account of a call that failed. */
export function judgeError(message: Extract<GuestMessage, { t: 'err' }>, hidePaths: HidePaths): ReplyBody {
  const isRemark = inspectJson(message.metadata, REMARK_BOUNDS) === undefined;
  const metadata = isRemark ? message.metadata : undefined;
  return { ok: false, error: toldError(message, hidePaths), stack: message.error.stack, metadata };
}

/** Makes the error of a code and text that a guest told: cleaned, and without paths of the server. */
export function toldError(
  told: { readonly code: ErrorCode; readonly error: GuestError },
  hidePaths: HidePaths,
): CallError {
  return callError(told.code, { message: toldText(told, hidePaths) });
}

/** Texts that the plugin wrote for whoever called, and not the name and message of something that went wrong. */
function isToldByPlugin(code: ErrorCode): boolean {
  return code === 'TOOL_REPORTED_ERROR' || code === 'PROVIDER_REFUSED' || code === 'MCP_TOOLS_CHANGED';
}

function toldText({ code, error }: { readonly code: ErrorCode; readonly error: GuestError }, hide: HidePaths): string {
  const said = isToldByPlugin(code) ? error.message : `${error.name}: ${error.message}`;
  return hide(cleanOutput(said));
}

/**
 * Judges what a plugin says of itself, before anybody walks or compiles it.
 *
 * @returns what is wrong with it, in words for its author; undefined where nothing is.
 */
export function judgeReady(ready: GuestReady): string | undefined {
  if (inspectJson(ready.metadata, READY_BOUNDS) !== undefined) return 'its metadata is too deep or has too many keys';
  if (![...ready.hooks, ...ready.exports].every(isName))
    return 'a hook or export has a name of more than 256 characters';
  if (!(ready.entries ?? []).every(isEntryWithinBounds)) return 'an entry point says too much of itself';
  const odd = ready.tools.find((tool) => !isToolWithinBounds(tool));
  return odd === undefined ? undefined : `the tool ${JSON.stringify(odd.name.slice(0, 80))} is beyond its bounds`;
}

function isToolWithinBounds({ name, description, parameters, returns, required_permissions }: WireTool): boolean {
  if (!isName(name) || description.length > LIMITS.log_line_characters.value) return false;
  if (!required_permissions.every(isName)) return false;
  return isSchemaWithinBounds(parameters) && isSchemaWithinBounds(returns ?? {});
}

function isEntryWithinBounds({ name, about }: WireEntry): boolean {
  return isName(name) && isSchemaWithinBounds(about);
}

function isSchemaWithinBounds(schema: JsonObject): boolean {
  if (inspectJson(schema, READY_BOUNDS) !== undefined) return false;
  return Buffer.byteLength(JSON.stringify(schema)) <= LIMITS.tool_schema_bytes.value;
}

function isName(text: string): boolean {
  return text.length <= NAME_CHARACTERS_MAX;
}
