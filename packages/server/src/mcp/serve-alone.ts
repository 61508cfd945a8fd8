/**
 * A request that stands for itself. Most are one call of a revision with sessions that wants neither a session nor progress: its answer
 * is one message, and takes no stream. Everything else about a request alone is the library's.
 */
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import {
  SUPPORTED_PROTOCOL_VERSIONS,
  createMcpHandler,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCMessage,
  type Server,
  type ServerEventBus,
  type Transport,
} from '@modelcontextprotocol/server';
import type { SessionRequest } from './sessions.ts';

/** By what it is served: `createServer` is given the method that is asked for, where it is known. */
export type Alone = {
  readonly createServer: (method?: string) => Server;
  readonly bus: ServerEventBus;
  readonly onerror: (error: Error) => void;
};

/** What the library answers, or the one message that is the answer. */
export type Answer = Response | JSONRPCMessage;

/** Answers it. */
export async function serveAlone(asked: SessionRequest, { createServer, bus, onerror }: Alone): Promise<Answer> {
  if (isPlain(asked)) return serveWhole(asked, createServer(methodOf(asked.parsedBody)));
  const handler = createMcpHandler(() => createServer(methodOf(asked.parsedBody)), { onerror, bus });
  return handler.fetch(asked.request, asked);
}

/** Where a client leaves, its call is cancelled; there is nothing else to close. */
async function serveWhole({ request, parsedBody, authInfo }: SessionRequest, server: Server): Promise<JSONRPCMessage> {
  const { promise: answered, resolve } = Promise.withResolvers<JSONRPCMessage>();
  const transport: Transport = {
    start: async () => undefined,
    close: async () => transport.onclose?.(),
    // What is said before the answer has nobody who asked for it.
    send: async (message) => (isJSONRPCResponse(message) ? resolve(message) : undefined),
  };
  await server.connect(transport);
  request.signal.addEventListener('abort', () => void server.close(), { once: true });
  transport.onmessage?.(parsedBody as JSONRPCMessage, { authInfo, request }); // It was judged to be one.
  return answered;
}

/** One request of a revision with sessions, well-formed in body and head, that wants no progress. */
function isPlain({ request, parsedBody }: SessionRequest): boolean {
  const { method, headers } = request;
  if (method !== 'POST' || !isJsonObject(parsedBody) || hasMeta(parsedBody)) return false;
  const revision = headers.get('mcp-protocol-version');
  if (revision !== null && !SUPPORTED_PROTOCOL_VERSIONS.includes(revision)) return false;
  const accept = headers.get('accept') ?? '';
  const isAccepted = ['application/json', 'text/event-stream'].every((type) => accept.includes(type));
  return isAccepted && isJSONRPCRequest(parsedBody);
}

/** There stands who wants progress, and all that the revision without sessions says of its client. */
function hasMeta({ params }: JsonObject): boolean {
  return isJsonObject(params) && params['_meta'] !== undefined;
}

function methodOf(body: unknown): string | undefined {
  const method = isJsonObject(body) ? body['method'] : undefined;
  return typeof method === 'string' ? method : undefined;
}
