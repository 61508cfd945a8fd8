/**
 * What a tool of an MCP server answered, as the reply of a call. Pure.
 *
 *   structuredContent            the value; its content blocks travel beside it, in the metadata
 *   content blocks alone         the value is { content }
 *   isError                      TOOL_REPORTED_ERROR with the text of the blocks
 */
import { LIMITS, callError, inspectJson, isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { cleanOutput, type HidePaths } from '../process/clean-text.ts';
import { failed, type ReplyBody } from '../process/judge-message.ts';
import type { RpcMessage } from './rpc-message.ts';

/** What results are held to. */
export type ResultBounds = { readonly outputBytesMax: number; readonly hidePaths: HidePaths };

const RESULT_BOUNDS = { depthMax: LIMITS.json_depth.value, keysMax: LIMITS.json_keys.value };
const BLOCKS_MAX = 1_000;

/** Judges a result; undefined where it is none of the protocol's, so that the server has broken it. */
export function judgeToolResult(
  { result, bytes }: Extract<RpcMessage, { kind: 'result' }>,
  { outputBytesMax, hidePaths }: ResultBounds,
): ReplyBody | undefined {
  if (!isJsonObject(result)) return undefined;
  const { content = [], structuredContent: structured, isError = false } = result;
  if (!isBlocks(content) || typeof isError !== 'boolean') return undefined;
  if (structured !== undefined && !isJsonObject(structured)) return undefined;
  if (isError) return reportedError(content, hidePaths);
  const value: JsonObject = structured ?? { content };
  const fault = inspectJson(value, RESULT_BOUNDS);
  if (fault !== undefined) {
    const unit = fault.kind === 'too_deep' ? 'levels' : 'keys';
    const code = fault.kind === 'too_deep' ? 'RESULT_TOO_DEEP' : 'RESULT_TOO_LARGE';
    return failed(callError(code, { message: `the result has more than ${fault.allowed} ${unit}` }));
  }
  // Only a long line can hold a long value.
  const observed = bytes > outputBytesMax ? Buffer.byteLength(JSON.stringify(value)) : 0;
  if (observed > outputBytesMax) return failed(tooLarge(outputBytesMax, observed));
  return { ok: true, value, metadata: structured === undefined ? undefined : { content } };
}

/** An error of the protocol in answer to a call: the server threw, or did not take it. */
export function judgeRpcError(
  { code, message }: Extract<RpcMessage, { kind: 'error' }>,
  hidePaths: HidePaths,
): ReplyBody {
  const text = hidePaths(cleanOutput(message));
  return failed(callError('PLUGIN_THREW', { message: `the MCP server answered with error ${code}: ${text}` }));
}

function isBlocks(content: JsonValue): content is readonly JsonObject[] {
  if (!Array.isArray(content) || content.length > BLOCKS_MAX) return false;
  return content.every((block: JsonValue) => isJsonObject(block) && typeof block['type'] === 'string');
}

function reportedError(content: readonly JsonObject[], hidePaths: HidePaths): ReplyBody {
  const texts = content.flatMap(({ type, text }) => (type === 'text' && typeof text === 'string' ? [text] : []));
  const said = hidePaths(cleanOutput(texts.join('\n'))).slice(0, LIMITS.error_text_characters.value);
  const error = callError('TOOL_REPORTED_ERROR', said === '' ? {} : { message: said });
  return { ok: false, error, stack: undefined, metadata: undefined };
}

function tooLarge(allowed: number, observed: number) {
  return callError('RESULT_TOO_LARGE', {
    message: `the result has ${observed} bytes of JSON; at most ${allowed} are taken`,
    limit: { name: 'output_bytes', allowed, observed, unit: 'bytes' },
  });
}
