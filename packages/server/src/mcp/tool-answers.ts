/**
 * Tools and outcomes in the words of MCP: what a client lists, and what it is answered. How a call ended is told to the model, which
 * may mend its call or do without; what the client got wrong is an error of the protocol.
 */
import { isJsonObject, type JsonObject, type JsonValue, type ListedTool, type Outcome } from '@bulkhead/protocol';
import type { CallToolResult, Tool } from '@modelcontextprotocol/server';
import type { Named } from './names.ts';

/** What a client lists. */
export function toMcpTool({ name, item: tool }: Named<ListedTool>): Tool {
  const { description, parameters, returns, idempotent, plugin, needs_approval, required_permissions, annotations } =
    tool;
  const outputSchema = schemaOf(returns);
  return {
    name,
    title: `${plugin}: ${tool.name}`,
    description,
    inputSchema: { ...parameters, type: 'object' },
    ...(outputSchema !== undefined && { outputSchema }),
    annotations: { idempotentHint: idempotent, ...annotations },
    _meta: {
      'bulkhead/plugin': plugin,
      'bulkhead/needs_approval': needs_approval,
      'bulkhead/required_permissions': [...required_permissions],
    },
  };
}

/** The schema that is told of results; MCP knows it of objects alone. */
export function schemaOf(returns: ListedTool['returns']): Tool['outputSchema'] | undefined {
  return isJsonObject(returns) && returns['type'] === 'object' ? { ...returns, type: 'object' } : undefined;
}

/**
 * What a call is answered. `structuredContent` is there where the value is an object, and of a tool that answers with content where
 * it has some; its blocks, and those of an MCP server, are as `show` writes them.
 */
export function toMcpResult(
  outcome: Outcome,
  { content, mcp_name }: Pick<ListedTool, 'content' | 'mcp_name'>,
  show: (blocks: JsonValue) => JsonValue,
): CallToolResult {
  const { call_id, tier, duration_ms } = outcome.call;
  const report = { 'bulkhead/call': { call_id, tier, duration_ms } };
  if (outcome.ok) {
    const { value } = outcome;
    if (content === true && isJsonObject(value)) {
      const shown = { ...value, content: show(value['content'] ?? []) };
      return { ...shown, _meta: report } as unknown as CallToolResult; // The host judged its form.
    }
    const blocks = mcp_name === undefined ? undefined : blocksOf(outcome);
    if (blocks !== undefined)
      return { ...blocks, content: show(blocks.content), _meta: report } as unknown as CallToolResult;
    return { _meta: report, content: [textOf(value)], ...(isJsonObject(value) && { structuredContent: value }) };
  }
  const { kind, code, message, hint, retryable } = outcome.error;
  const error: JsonObject = { kind, code, retryable };
  return {
    _meta: { ...report, 'bulkhead/error': error },
    content: [{ type: 'text', text: `${message} (${code}). ${hint}` }],
    isError: true,
  };
}

/** Tells whether an answer has nothing in it that a plugin wrote for MCP, so that its form is this file's alone. */
export function isPlainResult(
  outcome: Outcome,
  { content, mcp_name }: Pick<ListedTool, 'content' | 'mcp_name'>,
): boolean {
  if (!outcome.ok) return true;
  return content !== true && (mcp_name === undefined || blocksOf(outcome) === undefined);
}

type Blocks = { readonly content: JsonValue; readonly structuredContent?: JsonValue };

/** What a server that runs as a plugin answered: blocks beside its structured content, or blocks alone (ADR 28). */
function blocksOf({ value, call }: Extract<Outcome, { readonly ok: true }>): Blocks | undefined {
  const beside = call.metadata?.['content'];
  if (Array.isArray(beside)) return { content: beside, structuredContent: value };
  return isJsonObject(value) && Array.isArray(value['content']) ? { content: value['content'] } : undefined;
}

function textOf(value: JsonValue): { readonly type: 'text'; readonly text: string } {
  return { type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) };
}
