/**
 * What a {@link BaseToolPlugin} answers. The guest unwraps it: `data` becomes the call's value, `error` its message.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';

/**
 * How a tool of a {@link BaseToolPlugin} ended (F003-11); `metadata` travels as `call.metadata` (X003-1).
 *
 * @public
 */
export type ToolResult<Data = JsonValue> =
  | { readonly success: true; readonly data: Data; readonly error?: undefined; readonly metadata?: JsonObject }
  | { readonly success: false; readonly data?: undefined; readonly error: string; readonly metadata?: JsonObject };

/** Makes tool results. */
export const ToolResult: {
  /** The tool did what was asked; `data` is JSON. */
  readonly ok: <Data = JsonValue>(data: Data, metadata?: JsonObject) => ToolResult<Data>;
  /** The tool could not; `error` is for whoever called, and becomes the message of a `tool_error`. */
  readonly fail: (error: string, metadata?: JsonObject) => ToolResult<never>;
} = {
  ok: (data, metadata) => ({ success: true, data, ...(metadata === undefined ? {} : { metadata }) }),
  fail: (error, metadata) => ({ success: false, error, ...(metadata === undefined ? {} : { metadata }) }),
};
