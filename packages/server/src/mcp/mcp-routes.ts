/**
 * MCP over Streamable HTTP: `/mcp` is a tenant's tools, `/mcp/{plugin}` those of one plugin. Each request stands for itself, by
 * the token that it brings; there are no sessions, so any node answers any request.
 */
import type { Host, Log } from '@bulkhead/host';
import type { Outcome } from '@bulkhead/protocol';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { callerOf } from '../door/principal.ts';
import { createMcpServer } from './mcp-server.ts';

/** What the routes need. */
export type McpPlane = { readonly host: Host; readonly log: Log; readonly didCall: (outcome: Outcome) => void };

type PluginRoute = { Params: { plugin?: string } };

const PluginParams = Type.Object({ plugin: Type.String() });
const SUMMARY = { '/mcp': 'The tenant’s tools over MCP', '/mcp/:plugin': 'The tools of one plugin over MCP' } as const;

/** Adds both. */
export function addMcpRoutes(app: FastifyInstance, { host, log, didCall }: McpPlane): void {
  const onerror = (error: Error): void => log.warn({ err: error }, 'an MCP request failed');

  async function answer(request: FastifyRequest<PluginRoute>, signal: AbortSignal): Promise<Response> {
    const serving = { host, didCall, caller: callerOf(request), plugin: request.params.plugin };
    const handler = createMcpHandler(() => createMcpServer(serving), { onerror });
    return handler.fetch(asWebRequest(request, signal), { parsedBody: request.body });
  }

  for (const path of ['/mcp', '/mcp/:plugin'] as const) {
    app.route<PluginRoute>({
      method: ['GET', 'POST', 'DELETE'],
      url: path,
      config: { access: 'operator' },
      schema: {
        summary: SUMMARY[path],
        description:
          'Streamable HTTP of the Model Context Protocol, without sessions: https://modelcontextprotocol.io.',
        security: [{ bearer: [] }],
        ...(path === '/mcp/:plugin' && { params: PluginParams }),
      },
      handler: async (request, reply) => {
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        return reply.send(notAbove502(await answer(request, gone.signal)));
      },
    });
  }
}

/** The body was read and bounded already; the library is given it beside. */
function asWebRequest({ raw, method, url }: FastifyRequest<PluginRoute>, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw.headers)) {
    if (typeof value === 'string') headers.set(name, value);
  }
  return new Request(new URL(url, 'http://localhost'), { method, headers, signal });
}

/** No status of this server is 500 (S2): what fails in between is a bad gateway. */
function notAbove502(response: Response): Response {
  const { status, headers, body } = response;
  return status < 500 ? response : new Response(body, { status: 502, headers });
}
