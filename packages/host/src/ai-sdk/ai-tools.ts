/**
 * A tenant's tools as tools of the AI SDK.
 */
import type { CallError, CallReport, ListedTool, Outcome } from '@bulkhead/protocol';
import { dynamicTool, jsonSchema, type ToolSet } from 'ai';
import { listedName } from '../base/listed-name.ts';
import type { Host } from '../host-api.ts';

/**
 * Whose tools they are, and how they are called.
 *
 * @experimental
 */
export type AiToolsOptions = {
  /** `default` where it is left out. */
  readonly tenant?: string;
  /** Only those of these plugins; all where it is left out. */
  readonly plugins?: readonly string[];
  /** Scopes of the caller; all where it is left out. */
  readonly scopes?: readonly string[];
  /** For each call, whole milliseconds; the plugin's own limit where it is left out. */
  readonly timeoutMs?: number;
  /** Told how each call ended, with the model's own id of it, before the model is. */
  readonly onOutcome?: (toolCallId: string, outcome: Outcome) => void;
};

/**
 * How a call of a tool went wrong, as the AI SDK hands it to the model: message and hint are made to be read by it.
 *
 * @experimental
 */
export class ToolCallError extends Error {
  override readonly name = 'ToolCallError';
  readonly error: CallError;
  readonly call: CallReport;

  constructor(error: CallError, call: CallReport) {
    super(`${error.message}. ${error.hint}`);
    this.error = error;
    this.call = call;
  }
}

/**
 * Lists the tools that a tenant may call, each as `plugin__tool`; a name above 64 characters as over MCP. The list is that of now:
 * make it anew for each run.
 *
 * @returns tools whose `execute` answers the outcome's value, or throws {@link ToolCallError}; an abort cancels the call. Those
 *   that are marked `needs_approval` ask for it.
 * @experimental
 */
export function createAiTools(host: Pick<Host, 'tools' | 'call'>, options: AiToolsOptions = {}): ToolSet {
  const { tenant, plugins } = options;
  const tools = host.tools(tenant).filter(({ plugin }) => plugins === undefined || plugins.includes(plugin));
  return Object.fromEntries(tools.map((tool) => [listedName(tool.plugin, tool.name), aiTool(host, options, tool)]));
}

function aiTool(
  host: Pick<Host, 'call'>,
  { tenant, scopes, timeoutMs, onOutcome }: AiToolsOptions,
  listed: ListedTool,
): ToolSet[string] {
  const { plugin, name: tool, description, parameters, needs_approval: needsApproval } = listed;
  return dynamicTool({
    description,
    // A plugin's schema is JSON Schema that the host has compiled, and judges the parameters by.
    inputSchema: jsonSchema(parameters as Parameters<typeof jsonSchema>[0]),
    needsApproval,
    execute: async (params, { abortSignal, toolCallId }) => {
      const outcome = await host.call({ plugin, tool, params, tenant, scopes, timeoutMs, signal: abortSignal });
      onOutcome?.(toolCallId, outcome);
      if (outcome.ok) return outcome.value;
      throw new ToolCallError(outcome.error, outcome.call);
    },
  });
}
