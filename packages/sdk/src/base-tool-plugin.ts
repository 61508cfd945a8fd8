/**
 * The class style with tools: one `execute` serves all of them and answers with a ToolResult.
 */
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import { BasePlugin } from './base-plugin.ts';
import type { ToolContext } from './context.ts';
import type { ToolDefinition, ToolDescription } from './tool.ts';
import { ToolResult } from './tool-result.ts';

/**
 * A plugin that offers tools (F003-7, F003-8).
 *
 * @public
 */
export abstract class BaseToolPlugin extends BasePlugin {
  /** Read once, when the plugin is constructed; a tool may bring its own `execute` (see {@link ToolDefinition}). */
  abstract readonly tools: readonly (ToolDescription | ToolDefinition)[];

  /**
   * Runs a tool (F003-10). As it stands it runs the `execute` that a tool of {@link tools} brings; a subclass that
   * overrides it hands what it does not know to `super.execute`.
   *
   * @param params - Validated by the host; parsed, where the tool's schema is a Standard Schema.
   * @returns the result; for a tool that is not there, success false with the error "Unknown tool" (F003-12).
   */
  async execute(toolName: string, params: JsonObject, context: ToolContext): Promise<ToolResult> {
    const tool = this.tools.find((candidate) => candidate.name === toolName);
    if (tool === undefined || !('execute' in tool)) return ToolResult.fail('Unknown tool');
    const data = await tool.execute(params, context);
    return ToolResult.ok((data ?? null) as JsonValue); // Whether it is JSON shows when the guest writes it.
  }
}
