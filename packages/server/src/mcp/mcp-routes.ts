/**
 * MCP over Streamable HTTP: `/mcp` is what a tenant may use, `/mcp/{plugin}` what one plugin offers. A request stands for itself, by the
 * token that it brings; clients of the revisions up to 2025-11-25 get a session when they begin with `initialize`.
 *
 *   request ─▶ token ─▶ a call that may end early? ─▶ begun; answered here, or below, with the call that runs
 *                         `─ no ─▶ session of its caller's? ─▶ the session's server
 *                                    `─ none ─▶ initialize? ─▶ a new session
 *                                                 `─ else ───▶ a server of its own, for this request
 */
import type { Host, Log } from '@bulkhead/host';
import { isJsonObject, type JsonObject, type Outcome } from '@bulkhead/protocol';
import { isInitializeRequest, type Server, type ServerContext } from '@modelcontextprotocol/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { callerOf, type Caller } from '../door/principal.ts';
import { createChanges, type Changes } from './changes.ts';
import { beginEarly } from './serve-early.ts';
import { createKnownEnvelopes, type KnownEnvelopes } from './known-envelopes.ts';
import { createMcpServer, type McpServing } from './mcp-server.ts';
import { addProtectedResourceRoutes, challenge, type ProtectedResource } from './protected-resource.ts';
import { serveAlone, type Answer } from './serve-alone.ts';
import type { RunningCall } from './running-call.ts';
import { createSessions, type SessionOwner, type SessionRequest, type Sessions } from './sessions.ts';
import { createWaitingCalls, type WaitingCalls } from './waiting-calls.ts';
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
type Asked = FastifyRequest<PluginRoute>;

const PluginParams = Type.Object({ plugin: Type.String() });
const SUMMARY = { '/mcp': 'The tenant’s tools over MCP', '/mcp/:plugin': 'The tools of one plugin over MCP' } as const;
const SESSION_HEADER = 'mcp-session-id';

/** Adds both. */
export function addMcpRoutes(app: FastifyInstance, { host, log, resource, didCall }: McpPlane): McpDoor {
  addProtectedResourceRoutes(app, resource);
  const sessions = createSessions(() => performance.now());
  const serving: Serving = {
    ...{ host, didCall, sessions, waiting: createWaitingCalls(), envelopes: createKnownEnvelopes() },
    changes: createChanges({ host, sessions }),
    listening: new Set(),
    onerror: (error) => log.warn({ err: error }, 'an MCP request failed'),
  };

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
        const answered = await answer(serving, request, reply);
        if (answered === undefined) return reply; // It was written.
        if (!(answered instanceof Response)) return reply.type('application/json').send(JSON.stringify(answered));
        return sendResponse(reply, request.method === 'GET' ? opened(answered) : answered);
      },
    });
  }
  return {
    drain: () => {
      serving.changes.close();
      sessions.drain();
      for (const gone of serving.listening) gone.abort();
    },
    close: sessions.close,
  };
}

type Serving = Pick<McpPlane, 'host' | 'didCall'> & {
  readonly sessions: Sessions;
  readonly changes: Changes;
  readonly waiting: WaitingCalls;
  readonly envelopes: KnownEnvelopes;
  readonly listening: Set<AbortController>;
  readonly onerror: (error: Error) => void;
};

/** Answers a request; undefined where its answer was written. */
function answer(serving: Serving, asked: Asked, reply: FastifyReply): Promise<Answer | undefined> {
  const { sessions, envelopes } = serving;
  const owner = ownerOf(asked);
  const id = asked.headers[SESSION_HEADER];
  const session = typeof id === 'string' ? sessions.find(owner, id) : undefined;
  const given = (begun?: RunningCall): SessionRequest => givenOf(asked, reply, begun);
  const early = beginEarly({ ...serving, place: { plugin: owner.plugin, session, envelopes } }, asked);
  if (session !== undefined && early !== undefined)
    return session.serveEarly(early.call, (serve) => early.end(reply, (call) => serve(given(call))));
  if (session !== undefined) return session.serve(given());
  if (early === undefined) return serveByLibrary(serving, asked, given());
  endWithClient(reply, early.call);
  return early.end(reply, (call) => serveByLibrary(serving, asked, given(call)));
}

async function serveByLibrary(serving: Serving, asked: Asked, given: SessionRequest): Promise<Answer> {
  const { changes, sessions, listening, onerror } = serving;
  const { plugin } = asked.params;
  const { tenant } = callerOf(asked);
  const made = { ...serving, plugin, callerOf: callerIn, begunBy: begunIn, didJudge: noteEnvelope(serving, asked) };
  if (asked.method === 'POST' && isInitializeRequest(asked.body)) {
    changes.watch(tenant);
    return sessions.open(ownerOf(asked), (watched) => createMcpServer({ ...made, watched }), given);
  }
  const bus = changes.busFor(tenant, plugin);
  const createServer = (method?: string): Server => createMcpServer(made, method);
  return serveAlone(isListening(asked.body) ? untilDrained(given, listening) : given, { createServer, bus, onerror });
}

function noteEnvelope({ envelopes }: Serving, { body }: Asked): McpServing['didJudge'] {
  return ({ mcpReq }) => {
    if (mcpReq.envelope !== undefined) envelopes.add(metaOf(body));
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

/** Where a client of the revision without sessions says what it is. */
function metaOf(body: unknown): JsonObject {
  const params = isJsonObject(body) ? body['params'] : undefined;
  const meta = isJsonObject(params) ? params['_meta'] : undefined;
  return isJsonObject(meta) ? meta : {};
}

function ownerOf(asked: Asked): SessionOwner {
  const { tenant, actor } = callerOf(asked);
  return { tenant, actor, plugin: asked.params.plugin };
}

/** As the library takes it. Who sent a request travels with it, so that a session never decides it; the call that was begun for it, too. */
function givenOf(asked: Asked, reply: FastifyReply, begun: RunningCall | undefined): SessionRequest {
  const caller = callerOf(asked);
  const authInfo = { token: '', clientId: caller.actor, scopes: [], extra: { caller, begun } };
  return { ...beginExchange(asked, reply), parsedBody: asked.body, authInfo };
}

function callerIn({ http }: ServerContext): Caller {
  return http?.authInfo?.extra?.['caller'] as Caller; // Put there above.
}

function begunIn({ http }: ServerContext): RunningCall | undefined {
  return http?.authInfo?.extra?.['begun'] as RunningCall | undefined; // Put there above.
}

/** Without a session there is no other way to end a call than to leave. */
function endWithClient({ raw }: FastifyReply, call: RunningCall): void {
  raw.once('close', () => {
    if (!raw.writableFinished) call.abort();
  });
}
