/**
 * Sessions of clients of the revisions that have them, up to 2025-11-25: what a client said of itself when it began, its log level, the
 * resources that it watches, and the streams that it keeps open. A session is its opener's, on the node that has it; a request with
 * one that is not here stands for itself as one without. Who asks is decided by the token of each request, never by a session.
 *
 * Z1: A tenant, and the server, has a bounded number of sessions; a new one takes the place of the one that was used longest ago.
 * Z2: A session that nobody uses ends; one with an open stream is used.
 * Z3: A call that was begun early is the library's before anything else of its session is, so that it can be cancelled.
 */
import { randomUUID } from 'node:crypto';
import { LIMITS } from '@bulkhead/protocol';
import {
  SUPPORTED_PROTOCOL_VERSIONS,
  WebStandardStreamableHTTPServerTransport,
  type AuthInfo,
  type EventStore,
  type Server,
} from '@modelcontextprotocol/server';
import { createKeptEvents } from './kept-events.ts';
import type { RunningCall } from './running-call.ts';
import type { WebExchange } from './web-exchange.ts';

/** One session: whose it is, and its server. */
export type Session = {
  readonly id: string;
  readonly tenant: string;
  readonly plugin: string | undefined;
  readonly server: Server;
  /** URIs of resources that its client watches, as they are listed. */
  readonly watched: Set<string>;
  /** The last events of its streams, and when a client that lost one is to come again. */
  readonly events: EventStore;
  readonly retryMs: number;
  /** Answers a request, by the library. */
  readonly serve: Serve;
  /** Answers a call that was begun early, by the library where it is handed over. */
  readonly serveEarly: <Answer>(call: RunningCall, answer: (serve: Serve) => Promise<Answer>) => Promise<Answer>;
};

type Serve = (asked: SessionRequest) => Promise<Response>;

/** A request as the library takes it: its body was read and parsed already. */
export type SessionRequest = WebExchange & { readonly parsedBody: unknown; readonly authInfo: AuthInfo };

/** Whose requests a session takes: of the same caller, about the same plugin. */
export type SessionOwner = { readonly tenant: string; readonly actor: string; readonly plugin: string | undefined };

/** The sessions of a server. */
export type Sessions = {
  /** Begins one, and answers `initialize`; `createServer` makes what it is served by. */
  readonly open: (
    owner: SessionOwner,
    createServer: (watched: Set<string>) => Server,
    asked: SessionRequest,
  ) => Promise<Response>;
  /** Finds a session; undefined where the owner has none of this id here. */
  readonly find: (owner: SessionOwner, id: string) => Session | undefined;
  readonly ofTenant: (tenant: string) => readonly Session[];
  /** Ends the streams on which nothing is waited for but news; what is in flight goes on. */
  readonly drain: () => void;
  /** Ends all; safe to call twice. */
  readonly close: () => Promise<void>;
};

type Kept = Session & {
  readonly owner: SessionOwner;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  /** Calls that may end early, each with when it was answered or is the library's. */
  readonly early: Map<RunningCall, Promise<unknown>>;
  usedAt: number;
  streams: number;
};

const IDLE_MS = LIMITS.mcp_session_idle_ms.value;
const SWEEP_MS = 60_000;
const RETRY_MS = 1_000;

/** Makes the table; `now` is monotonic milliseconds. */
export function createSessions(now: () => number): Sessions {
  const sessions = new Map<string, Kept>();
  const sweep = setInterval(() => void endIdle(), SWEEP_MS).unref();

  function keep(session: Kept): void {
    const ofTenant = [...sessions.values()].filter(({ tenant }) => tenant === session.tenant);
    if (ofTenant.length >= LIMITS.mcp_sessions_tenant.value) void end(longestUnused(ofTenant));
    if (sessions.size >= LIMITS.mcp_sessions.value) void end(longestUnused([...sessions.values()]));
    sessions.set(session.id, session);
  }

  async function end(session: Kept | undefined): Promise<void> {
    if (session === undefined || !sessions.delete(session.id)) return;
    await handOver(session);
    await session.server.close();
  }

  async function endIdle(): Promise<void> {
    const before = now() - IDLE_MS;
    const idle = [...sessions.values()].filter(({ usedAt, streams }) => streams === 0 && usedAt < before);
    await Promise.all(idle.map(end));
  }

  return {
    open: async (owner, createServer, asked) => {
      const session = await begin(owner, createServer, { now, didClose: (id) => void sessions.delete(id) });
      keep(session);
      return session.serve(asked);
    },
    find: (owner, id) => {
      const session = sessions.get(id);
      return session !== undefined && isSame(session.owner, owner) ? session : undefined;
    },
    ofTenant: (tenant) => [...sessions.values()].filter((session) => session.tenant === tenant),
    drain: () => {
      for (const { transport } of sessions.values()) transport.closeStandaloneSSEStream();
    },
    close: async () => {
      clearInterval(sweep);
      await Promise.all([...sessions.values()].map(end));
    },
  };
}

type Times = { readonly now: () => number; readonly didClose: (id: string) => void };

async function begin(
  owner: SessionOwner,
  createServer: (watched: Set<string>) => Server,
  { now, didClose }: Times,
): Promise<Kept> {
  const id = randomUUID();
  const [watched, events] = [new Set<string>(), createKeptEvents()];
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: () => id,
    eventStore: events,
    retryInterval: RETRY_MS,
    onsessionclosed: () => didClose(id),
  });
  const server = createServer(watched);
  await server.connect(transport);
  const { tenant, plugin } = owner;
  const session: Kept = {
    ...{ id, tenant, plugin, owner, server, transport, watched, events, retryMs: RETRY_MS },
    ...{ early: new Map(), usedAt: now(), streams: 0 },
    serve: async (asked) => {
      if (session.early.size > 0) await handOver(session); // Z3
      return serveIn(session, now(), asked);
    },
    serveEarly: async (call, answer) => {
      session.usedAt = now();
      const answered = answer((asked) => serveIn(session, now(), asked));
      session.early.set(call, answered);
      try {
        return await answered;
      } finally {
        session.early.delete(call);
      }
    },
  };
  return session;
}

async function serveIn(session: Kept, at: number, { request, onOver, ...asked }: SessionRequest): Promise<Response> {
  session.usedAt = at;
  session.streams += 1;
  // The response may be a stream that stays open; it is over when its connection is.
  onOver(() => (session.streams -= 1));
  return session.transport.handleRequest(inRevisionOf(session.server, request), asked);
}

async function handOver({ early }: Kept): Promise<void> {
  for (const call of early.keys()) call.handOver();
  await Promise.allSettled(early.values());
}

function isSame(one: SessionOwner, other: SessionOwner): boolean {
  return one.tenant === other.tenant && one.actor === other.actor && one.plugin === other.plugin;
}

function longestUnused(sessions: readonly Kept[]): Kept | undefined {
  return sessions.toSorted((a, b) => Number(a.streams > 0) - Number(b.streams > 0) || a.usedAt - b.usedAt)[0];
}

/** What was agreed on when the session began holds, whatever revision that there is a later request names. */
function inRevisionOf(server: Server, request: Request): Request {
  const agreed = server.getNegotiatedProtocolVersion();
  const named = request.headers.get(REVISION_HEADER);
  if (agreed === undefined || named === null || !SUPPORTED_PROTOCOL_VERSIONS.includes(named)) return request;
  request.headers.set(REVISION_HEADER, agreed);
  return request;
}

const REVISION_HEADER = 'mcp-protocol-version';
