/**
 * Calls of tools that may be begun before the library has them: most end within milliseconds and say nothing meanwhile, and the library's
 * server, validation and streams for each cost more than the call. What is taken here is in a form that the library takes, too; all else
 * is left to it, and so is a call that speaks or lasts: it goes on as the library's, running.
 *
 *   POST ─▶ surely a well-formed tools/call? ─▶ begun ─▶ ended early, in a form of our own? ─▶ written here (early-answer.ts)
 *              `─ no ─▶ the library               `─ no ─▶ the library, with the call that runs
 *
 * J1: Whatever the library would refuse, or answer in another way, is not taken.
 * J2: A request of the revision without sessions is taken once the library has judged the same envelope (known-envelopes.ts).
 */
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import {
  CLIENT_CAPABILITIES_META_KEY,
  LATEST_PROTOCOL_VERSION,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SUPPORTED_PROTOCOL_VERSIONS,
  type ClientCapabilities,
} from '@modelcontextprotocol/server';
import type { IncomingHttpHeaders } from 'node:http';
import type { KnownEnvelopes } from './known-envelopes.ts';
import { readCan, type RunningCallOptions } from './running-call.ts';
import type { Session } from './sessions.ts';

/** How a request came: by itself, in a revision with sessions or in the one without; or in a session. */
export type EarlyForm =
  { readonly kind: 'alone' | 'without_sessions' } | { readonly kind: 'in_session'; readonly session: Session };

/** A call that may be begun: `name` is as it is listed. */
export type EarlyCall = {
  readonly id: string | number;
  readonly name: string;
  readonly params: JsonObject;
  readonly form: EarlyForm;
  readonly options: Omit<RunningCallOptions, 'plugin'>;
};

/** What is looked at of a request; its body was parsed. */
export type EarlyRequest = {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body?: unknown;
};

/** Where it came in; no session where it is in none that is here. */
export type EarlyPlace = { readonly session: Session | undefined; readonly envelopes: KnownEnvelopes };

const MESSAGE_KEYS = 4; // jsonrpc, id, method, params
const PARAMS_KEYS: ReadonlySet<string> = new Set(['name', 'arguments', '_meta']);
const TYPES = ['application/json', 'text/event-stream'];
const NO_META: JsonObject = {};
const WITHOUT_SESSIONS = '2026-07-28';

/** Reads a request; undefined where it is the library's (J1). */
export function readEarlyCall(request: EarlyRequest, place: EarlyPlace): EarlyCall | undefined {
  const { method, headers, body } = request;
  if (method !== 'POST' || !isJsonObject(body) || !isToolCall(body)) return undefined;
  const { id, params } = body;
  if (!isId(id) || !isJsonObject(params) || !TYPES.every((type) => headers.accept?.includes(type))) return undefined;
  const { name, arguments: args = {}, _meta: meta = NO_META } = params;
  if (typeof name !== 'string' || !isJsonObject(args) || !isJsonObject(meta)) return undefined;
  // The library leaves this key out of arguments.
  if (Object.hasOwn(args, '__proto__') || !Object.keys(params).every((key) => PARAMS_KEYS.has(key))) return undefined;
  const taken = takenAs({ headers, meta, name }, place);
  return taken && { id, name, params: args, ...taken };
}

function isToolCall(body: JsonObject): boolean {
  return body['jsonrpc'] === '2.0' && body['method'] === 'tools/call' && Object.keys(body).length === MESSAGE_KEYS;
}

function isId(id: unknown): id is string | number {
  return typeof id === 'string' || Number.isSafeInteger(id);
}

type Asked = { readonly headers: IncomingHttpHeaders; readonly meta: JsonObject; readonly name: string };
type Taken = Pick<EarlyCall, 'form' | 'options'>;

function takenAs(asked: Asked, { session, envelopes }: EarlyPlace): Taken | undefined {
  const { headers, meta } = asked;
  const { progressToken: token } = meta;
  if (token !== undefined && !isId(token)) return undefined;
  const revision = headers['mcp-protocol-version'];
  if (session !== undefined) return isRevision(revision) ? takenInSession(session, meta) : undefined;
  if (revision === WITHOUT_SESSIONS) return takenWithoutSessions(asked, envelopes);
  return meta === NO_META && (revision === undefined || isRevision(revision)) ? TAKEN_ALONE : undefined;
}

/** What is said before the answer has nobody who asked for it. */
const TAKEN_ALONE: Taken = {
  form: { kind: 'alone' },
  options: { can: [], isAskedByAnswer: false, hearsProgress: false, hearsLines: false },
};

function isRevision(word: string | readonly string[] | undefined): boolean {
  return typeof word === 'string' && SUPPORTED_PROTOCOL_VERSIONS.includes(word);
}

/** Only of the last revision, whose streams begin with an event to resume from. What is heard of lines is decided by the session. */
function takenInSession(session: Session, meta: JsonObject): Taken | undefined {
  const { server } = session;
  const hearsProgress = meta['progressToken'] !== undefined;
  const isBare = Object.keys(meta).length === Number(hearsProgress);
  if (!isBare || server.getNegotiatedProtocolVersion() !== LATEST_PROTOCOL_VERSION) return undefined;
  const can = readCan(server.getClientCapabilities());
  return {
    form: { kind: 'in_session', session },
    options: { can, isAskedByAnswer: false, hearsProgress, hearsLines: true },
  };
}

function takenWithoutSessions({ headers, meta, name }: Asked, envelopes: KnownEnvelopes): Taken | undefined {
  const isSame =
    meta[PROTOCOL_VERSION_META_KEY] === WITHOUT_SESSIONS &&
    headers['mcp-method'] === 'tools/call' &&
    headers['mcp-name'] === name;
  if (!isSame || !envelopes.has(meta)) return undefined; // J2
  const can = readCan(meta[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined); // The library judged it.
  const hears = { hearsProgress: meta['progressToken'] !== undefined, hearsLines: LOG_LEVEL_META_KEY in meta };
  return { form: { kind: 'without_sessions' }, options: { can, isAskedByAnswer: true, ...hears } };
}
