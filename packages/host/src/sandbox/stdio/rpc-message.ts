/**
 * One line of an MCP server, read as hostile: JSON of bounded depth and keys, without keys that reach a prototype, and of one of
 * the four shapes of JSON-RPC 2.0. Pure.
 */
import {
  LIMITS,
  callError,
  inspectJson,
  isJsonObject,
  type CallError,
  type JsonObject,
  type JsonValue,
} from '@bulkhead/protocol';

/** An id that a server gives its own requests. */
export type ServerRequestId = string | number;

/** What a server says. Ids of answers are ours, and so numbers. */
export type RpcMessage =
  | { readonly kind: 'result'; readonly id: number; readonly result: JsonValue; readonly bytes: number }
  | { readonly kind: 'error'; readonly id: number; readonly code: number; readonly message: string }
  | { readonly kind: 'request'; readonly id: ServerRequestId; readonly method: string; readonly params: JsonObject }
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonObject };

/** A message, or why the server has broken the protocol. */
export type ReadLine =
  { readonly ok: true; readonly message: RpcMessage } | { readonly ok: false; readonly error: CallError };

const BOUNDS = {
  // A result has three levels around it that are not the tool's.
  depthMax: LIMITS.json_depth.value + 4,
  keysMax: LIMITS.json_keys.value,
};
const METHOD_CHARACTERS_MAX = 128;
const ID_CHARACTERS_MAX = 256;

/** Reads a line. */
export function readRpcLine(line: Buffer): ReadLine {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return broken(
      'FRAME_MALFORMED',
      `a line of ${line.length} bytes on its standard output is not JSON: ${shown(line)}`,
    );
  }
  const fault = inspectJson(value, BOUNDS);
  if (fault !== undefined)
    return broken('FRAME_SCHEMA', `a message has more than ${fault.allowed} ${unitOf(fault.kind)}`);
  if (!isJsonObject(value) || value['jsonrpc'] !== '2.0') return broken('FRAME_SCHEMA', 'a message is no JSON-RPC 2.0');
  const message = 'method' in value ? asked(value) : answered(value, line.length);
  return message === undefined
    ? broken('FRAME_SCHEMA', 'a message is none of request, notification, result and error')
    : { ok: true, message };
}

function asked({ id, method, params }: JsonObject): RpcMessage | undefined {
  if (typeof method !== 'string' || method.length > METHOD_CHARACTERS_MAX) return undefined;
  if (params !== undefined && !isJsonObject(params)) return undefined;
  if (id === undefined) return { kind: 'notification', method, params: params ?? {} };
  const isId = typeof id === 'number' || (typeof id === 'string' && id.length <= ID_CHARACTERS_MAX);
  return isId ? { kind: 'request', id, method, params: params ?? {} } : undefined;
}

function answered(value: JsonObject, bytes: number): RpcMessage | undefined {
  const { id, result, error } = value;
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return undefined;
  if (error === undefined) return result === undefined ? undefined : { kind: 'result', id, result, bytes };
  if (result !== undefined || !isJsonObject(error)) return undefined;
  const { code, message } = error;
  if (typeof code !== 'number' || typeof message !== 'string') return undefined;
  return { kind: 'error', id, code, message: message.slice(0, LIMITS.error_text_characters.value) };
}

function unitOf(kind: 'too_deep' | 'too_many_keys'): string {
  return kind === 'too_deep' ? 'levels' : 'keys';
}

function shown(line: Buffer): string {
  return JSON.stringify(line.subarray(0, 80).toString('utf8'));
}

function broken(code: 'FRAME_MALFORMED' | 'FRAME_SCHEMA', message: string): ReadLine {
  return { ok: false, error: callError(code, { message }) };
}
