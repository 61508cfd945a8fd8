/**
 * A tool as it crosses walls: in the guest's ready message, in a release, and in `GET /v1/tools`.
 */
import type { JsonObject } from './json.ts';

/**
 * What a guest says of one tool. `parameters` and `returns` are JSON Schema (2020-12 or draft-07).
 *
 * @internal
 */
export type WireTool = {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonObject;
  readonly returns?: JsonObject;
  readonly idempotent: boolean;
  readonly needs_approval: boolean;
  readonly required_permissions: readonly string[];
  /** It answers with content blocks of MCP (`ToolContent`); then `returns` is the schema of its `structuredContent`. */
  readonly content?: true;
  /** Of an MCP server: its own name of the tool, and its hints. */
  readonly mcp_name?: string;
  readonly annotations?: JsonObject;
};

/**
 * One row of `GET /v1/tools`, sorted by plugin and name.
 *
 * @public
 */
export type ListedTool = { readonly plugin: string } & WireTool;
