/**
 * One tenant's tools as an MCP server, made for one request by the official library, which speaks every revision of the protocol.
 * Nothing is kept between requests: who asks is read from each, and what there is, too.
 */
import type { CallRequest, Host } from '@bulkhead/host';
import type { Outcome, Progress } from '@bulkhead/protocol';
import { ProtocolError, Server, type ServerContext } from '@modelcontextprotocol/server';
import type { Caller } from '../door/principal.ts';
import { schemaOf, toMcpResult, toMcpTool } from './tool-answers.ts';
import { findTool, nameTools, type NamedTool } from './tool-names.ts';

/** For whom a server is made, and of what. */
export type McpServing = {
  readonly host: Pick<Host, 'tools' | 'call'>;
  readonly caller: Caller;
  /** The only plugin that is shown; undefined for all of the tenant's. */
  readonly plugin: string | undefined;
  /** Told how each call ended. */
  readonly didCall: (outcome: Outcome) => void;
};

/** The revision of what is listed and answered here, not of the protocol. */
const IDENTITY = { name: 'bulkhead', version: '1' };
const INSTRUCTIONS =
  'Tools of plugins that run in sandboxes. A result with isError says in its text what went wrong, with a code, and what can be done.';
const INVALID_PARAMS = -32_602;

/** Makes the server. */
export function createMcpServer(serving: McpServing): Server {
  const { host, caller, plugin } = serving;
  const server = new Server(IDENTITY, { capabilities: { tools: {} }, instructions: INSTRUCTIONS });
  const named = (): readonly NamedTool[] => nameTools(host.tools(caller.tenant), plugin);
  server.setRequestHandler('tools/list', () => ({ tools: named().map(toMcpTool) }));
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tool = findTool(named(), params.name);
    if (tool === undefined) throw new ProtocolError(INVALID_PARAMS, `Unknown tool: ${params.name.slice(0, 128)}`);
    const { plugin: owner, name } = tool;
    const asked = { plugin: owner, tool: name, params: params.arguments ?? {}, ...callOf(serving, context) };
    const outcome = await host.call(asked);
    serving.didCall(outcome);
    return server.projectCallToolResult(toMcpResult(outcome), schemaOf(tool.returns));
  });
  return server;
}

/** Whose call it is, what cancels it, and who hears how far it is. */
function callOf({ caller }: McpServing, { mcpReq }: ServerContext): Omit<CallRequest, 'plugin' | 'tool'> {
  const { tenant, scopes } = caller;
  const { _meta: meta } = mcpReq;
  const token = meta?.progressToken;
  if (token === undefined) return { tenant, scopes, signal: mcpReq.signal };
  const onProgress = (progress: Progress): void => {
    const params = { ...progress, progressToken: token };
    // A client that is gone hears nothing; its call is cancelled by that.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
  return { tenant, scopes, signal: mcpReq.signal, onProgress };
}
