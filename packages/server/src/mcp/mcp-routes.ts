/**
 * MCP over Streamable HTTP: `/mcp` is what a tenant may use, `/mcp/{plugin}` what one plugin offers. A request stands for itself, by the
 * token that it brings; clients of the revisions up to 2025-11-25 get a session when they begin with `initialize`.
 *
 *   request ─▶ token ─▶ session of its caller's? ─▶ the session's server
 *                         `─ none ─▶ initialize? ─▶ a new session
 *                                      `─ else ───▶ a server of its own, for this request
 */
import type { Host, Log } from '@bulkhead/host';
import { isJsonObject, type Outcome } from '@bulkhead/protocol';
import { createMcpHandler, isInitializeRequest, type AuthInfo, type ServerContext } from '@modelcontextprotocol/server';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { callerOf, type Caller } from '../door/principal.ts';
import { createChanges } from './changes.ts';
import { createMcpServer } from './mcp-server.ts';
import { addProtectedResourceRoutes, challenge, type ProtectedResource } from './protected-resource.ts';
import { createSessions } from './sessions.ts';
import { createWaitingCalls } from './waiting-calls.ts';

/** What the routes need. */
export type McpPlane = {
  readonly host: Host;
  readonly log: Log;
  readonly resource: ProtectedResource;
  readonly didCall: (outcome: Outcome) => void;
};

/** Ends the streams that clients keep open; then the sessions. */
export type McpDoor = { readonly drain: () => void; readonly close: () => Promise<void> };

type PluginRoute = { Params: { plugin?: string } };

const PluginParams = Type.Object({ plugin: Type.String() });
const SUMMARY = { '/mcp': 'The tenant’s tools over MCP', '/mcp/:plugin': 'The tools of one plugin over MCP' } as const;
const SESSION_HEADER = 'mcp-session-id';

/** Adds both. */
export function addMcpRoutes(app: FastifyInstance, { host, log, resource, didCall }: McpPlane): McpDoor {
  addProtectedResourceRoutes(app, resource);
  const onerror = (error: Error): void => log.warn({ err: error }, 'an MCP request failed');
  const sessions = createSessions(() => performance.now());
  const changes = createChanges({ host, sessions });
  const waiting = createWaitingCalls();
  const listening = new Set<AbortController>();

  async function answer(asked: FastifyRequest<PluginRoute>, signal: AbortSignal): Promise<Response> {
    const caller = callerOf(asked);
    const { plugin } = asked.params;
    const { tenant, actor } = caller;
    const serving = { host, didCall, plugin, waiting, callerOf: callerIn };
    const given = { request: asWebRequest(asked, signal), parsedBody: asked.body, authInfo: authOf(caller) };
    const owner = { tenant, actor, plugin };
    const id = given.request.headers.get(SESSION_HEADER);
    const inSession = id === null ? undefined : sessions.serve(owner, id, given);
    if (inSession !== undefined) return inSession;
    if (asked.method === 'POST' && isInitializeRequest(asked.body)) {
      changes.watch(tenant);
      return sessions.open(owner, (watched) => createMcpServer({ ...serving, watched }), given);
    }
    const bus = changes.busFor(tenant, plugin);
    const handler = createMcpHandler(() => createMcpServer(serving), { onerror, bus });
    return handler.fetch(given.request, given);
  }

  for (const path of ['/mcp', '/mcp/:plugin'] as const) {
    app.route<PluginRoute>({
      method: ['GET', 'POST', 'DELETE'],
      url: path,
      config: { access: 'operator' },
      onSend: async (request, reply) => challenge(request, reply, resource),
      schema: {
        summary: SUMMARY[path],
        description: 'Streamable HTTP of the Model Context Protocol: https://modelcontextprotocol.io.',
        security: [{ bearer: [] }],
        ...(path === '/mcp/:plugin' && { params: PluginParams }),
      },
      handler: async (request, reply) => {
        const gone = new AbortController();
        if (isListening(request.body)) listening.add(gone);
        reply.raw.once('close', () => {
          listening.delete(gone);
          gone.abort();
        });
        const response = await answer(request, gone.signal);
        return reply.send(notAbove502(request.method === 'GET' ? opened(response) : response));
      },
    });
  }
  return {
    drain: () => {
      changes.close();
      sessions.drain();
      for (const gone of listening) gone.abort();
    },
    close: sessions.close,
  };
}

/** A client of the revision without sessions that hears of changes. */
function isListening(body: unknown): boolean {
  return isJsonObject(body) && body['method'] === 'subscriptions/listen';
}

/** Who sent a request travels with it, so that a session never decides it. */
function authOf(caller: Caller): AuthInfo {
  return { token: '', clientId: caller.actor, scopes: [], extra: { caller } };
}

function callerIn({ http }: ServerContext): Caller {
  return http?.authInfo?.extra?.['caller'] as Caller; // Put there above.
}

/** The body was read and bounded already; the library is given it beside. */
function asWebRequest({ raw, method, url }: FastifyRequest<PluginRoute>, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw.headers)) {
    if (typeof value === 'string') headers.set(name, value);
  }
  return new Request(new URL(url, 'http://localhost'), { method, headers, signal });
}

/** The head of an answer leaves with its first bytes; a stream on which there is no news yet would not be open before. */
function opened(response: Response): Response {
  const { status, headers, body } = response;
  if (body === null || headers.get('content-type') !== 'text/event-stream') return response;
  const beginning = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from(': open\n\n')),
  });
  return new Response(body.pipeThrough(beginning), { status, headers });
}

/** No status of this server is 500 (S2): what fails in between is a bad gateway. */
function notAbove502(response: Response): Response {
  const { status, headers, body } = response;
  return status < 500 ? response : new Response(body, { status: 502, headers });
}
