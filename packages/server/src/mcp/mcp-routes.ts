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
import { isInitializeRequest, type AuthInfo, type Server, type ServerContext } from '@modelcontextprotocol/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { callerOf, type Caller } from '../door/principal.ts';
import { createChanges } from './changes.ts';
import { createMcpServer } from './mcp-server.ts';
import { addProtectedResourceRoutes, challenge, type ProtectedResource } from './protected-resource.ts';
import { serveAlone, type Answer } from './serve-alone.ts';
import { createSessions } from './sessions.ts';
import { createWaitingCalls } from './waiting-calls.ts';
import { beginExchange, opened, sendResponse, type WebExchange } from './web-exchange.ts';

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

  async function answer(asked: FastifyRequest<PluginRoute>, reply: FastifyReply): Promise<Answer> {
    const caller = callerOf(asked);
    const { plugin } = asked.params;
    const { tenant, actor } = caller;
    const serving = { host, didCall, plugin, waiting, callerOf: callerIn };
    const given = { ...beginExchange(asked, reply), parsedBody: asked.body, authInfo: authOf(caller) };
    const owner = { tenant, actor, plugin };
    const id = given.request.headers.get(SESSION_HEADER);
    const inSession = id === null ? undefined : sessions.serve(owner, id, given);
    if (inSession !== undefined) return inSession;
    if (asked.method === 'POST' && isInitializeRequest(asked.body)) {
      changes.watch(tenant);
      return sessions.open(owner, (watched) => createMcpServer({ ...serving, watched }), given);
    }
    const bus = changes.busFor(tenant, plugin);
    const createServer = (method?: string): Server => createMcpServer(serving, method);
    return serveAlone(isListening(asked.body) ? untilDrained(given, listening) : given, { createServer, bus, onerror });
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
        const answered = await answer(request, reply);
        if (!(answered instanceof Response)) return reply.type('application/json').send(JSON.stringify(answered));
        return sendResponse(reply, request.method === 'GET' ? opened(answered) : answered);
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

/** Its signal aborts when the server drains, too. */
function untilDrained<Given extends WebExchange>(given: Given, listening: Set<AbortController>): Given {
  const ending = new AbortController();
  listening.add(ending);
  given.onOver(() => listening.delete(ending));
  const { method, headers, signal, url } = given.request;
  const request = { method, headers, url, signal: AbortSignal.any([signal, ending.signal]) };
  return { ...given, request: request as unknown as Request }; // As `beginExchange` makes it.
}

/** Who sent a request travels with it, so that a session never decides it. */
function authOf(caller: Caller): AuthInfo {
  return { token: '', clientId: caller.actor, scopes: [], extra: { caller } };
}

function callerIn({ http }: ServerContext): Caller {
  return http?.authInfo?.extra?.['caller'] as Caller; // Put there above.
}
