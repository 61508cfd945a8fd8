/**
 * What a tool is to its author: a name, a schema and a function. The guest turns it into its wire form.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { ToolContext } from './context.ts';
import type { FromJsonSchema } from './json-schema.ts';
import type { StandardJsonSchema } from './standard-schema.ts';

/**
 * JSON Schema (2020-12), or a Standard Schema that yields one.
 *
 * @public
 */
export type ToolSchema = JsonObject | StandardJsonSchema;

/**
 * What `execute` is given: a Standard Schema's parsed output, or the object that passed the JSON Schema; its fields are
 * typed where the schema is a literal.
 *
 * @public
 */
export type ParamsOf<Schema extends ToolSchema> = [Schema] extends [{ readonly '~standard': infer Standard }]
  ? OutputOf<Standard>
  : [Schema] extends [{ readonly type: 'object'; readonly properties: object }]
    ? FromJsonSchema<Schema>
    : JsonObject;

type OutputOf<Standard> = Standard extends { readonly types?: infer Types }
  ? NonNullable<Types> extends { readonly output: infer Output }
    ? Output
    : never
  : never;

/**
 * A tool without its function, as {@link BaseToolPlugin} lists it (F003-9).
 *
 * @public
 */
export interface ToolDescription<Schema extends ToolSchema = ToolSchema> {
  /** `^[a-z][a-z0-9_]{0,63}$` without `__`; unique within the plugin. */
  readonly name: string;
  /** What the tool does and when to use it, for the model that chooses among tools. */
  readonly description: string;
  /** The host validates every call with it before the plugin sees the call. */
  readonly parameters: Schema;
  /**
   * The host validates every result with it; a result that does not match is `invalid_output`. Where it is an array, each piece of a
   * stream must match its `items`.
   */
  readonly returns?: ToolSchema;
  /**
   * True where the tool answers with content blocks of MCP: `execute` returns `{ content: [...] }`, and beside it `structuredContent`,
   * of which `returns` is the schema where there is one.
   */
  readonly content?: boolean;
  /** True where a second call with the same parameters does no harm; such a call may be tried again elsewhere. */
  readonly idempotent?: boolean;
  /** Scopes that the caller's token must carry, such as `math:calculate`; each is listed in plugin.json too. */
  readonly requiredPermissions?: readonly string[];
  /** True where an agent has to ask a person first. */
  readonly needsApproval?: boolean;
}

/**
 * A tool (DESIGN 8). What `execute` returns is the call's value; what it throws makes the call a `tool_error`. An async iterable, such as
 * an `async *execute` makes, is a stream: each piece is JSON or a Uint8Array, and what the generator returns is the value beside them.
 *
 * @public
 */
export interface ToolDefinition<Schema extends ToolSchema = ToolSchema> extends ToolDescription<Schema> {
  execute(params: ParamsOf<Schema>, context: ToolContext): unknown;
}

/**
 * Returns its argument, with the type of `params` taken from the schema.
 *
 * @public
 */
export function defineTool<const Schema extends ToolSchema>(tool: ToolDefinition<Schema>): ToolDefinition<Schema> {
  return tool;
}
