/**
 * Opens one HTTP exchange to a target that was allowed: its name is resolved once for a connection, every answer is judged, and
 * what was judged is dialled (FAULTS 97, 98, 100). It follows no redirect, reads no proxy settings and keeps no cookies.
 */
import { LIMITS } from '@bulkhead/protocol';
import { lookup } from 'node:dns/promises';
import { connect, isIPv6, type LookupFunction, type Socket } from 'node:net';
import { callbackify } from 'node:util';
import type { Agent, Dispatcher } from 'undici';
import { isPublicAddress } from './addresses.ts';
import { HostError } from '../base/host-error.ts';
import { failed, pastLimit, refused } from './egress-errors.ts';
import type { HeaderPair } from './headers.ts';
import { refusal, type Target } from './target.ts';

/** What is sent; the body is whole, and headers are such as a request may have. */
export type WireRequest = {
  readonly method: string;
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array | string | undefined;
};

/** What came back; `body` gives pieces as they come. */
export type WireResponse = {
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the exchange, whether its body was begun or not. May be called again. */
  readonly leave: () => void;
};

/** Dials. */
export type Dialer = {
  /**
   * Sends a request and resolves with the head of its answer.
   *
   * @throws {HostError} `EGRESS_REFUSED` where a name leads to an address that is not allowed; `EGRESS_LIMIT`;
   *   `EGRESS_FAILED` where nobody answers, or what answers breaks HTTP or TLS.
   */
  readonly dial: (target: Target, request: WireRequest, signal: AbortSignal) => Promise<WireResponse>;
  /**
   * Opens a connection to a target, for a program that speaks over it by itself.
   *
   * @throws {HostError} `EGRESS_REFUSED` and `EGRESS_FAILED` as above.
   */
  readonly connect: (target: Target, signal: AbortSignal) => Promise<Socket>;
  /** Ends every connection that is kept. */
  readonly close: () => Promise<void>;
};

/** The network as the dialer sees it. All are for tests, but for the resolver's default. */
export type DialerOptions = {
  /** Resolves a name to addresses. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Where packets to a port go that were meant for the internet: to this machine, at another port. */
  readonly divert?: (port: number) => number;
  /** Certificates to trust, in place of the system's. */
  readonly ca?: string;
};

const CONNECTIONS_PER_HOST = LIMITS.egress_connections.value;

/** Makes the dialer; nothing is loaded before the first request. */
export function createDialer(options: DialerOptions = {}): Dialer {
  let agents: Promise<Agents> | undefined;
  return {
    dial: async (target, request, signal) => {
      agents ??= openAgents(options);
      const { toPublic, toAny } = await agents;
      return again({ target, request, signal }, target.isPrivate ? toAny : toPublic);
    },
    connect: (target, signal) => openSocket(options, target, signal),
    close: async () => {
      const opened = await agents;
      await Promise.all([opened?.toPublic.destroy(), opened?.toAny.destroy()]);
    },
  };
}

/** Two sets of connections, so that one to a private address is never used for what must be public. */
type Agents = { readonly toPublic: Agent; readonly toAny: Agent };

async function openAgents({ resolve = resolveBySystem, divert, ca }: DialerOptions): Promise<Agents> {
  const { Agent: AgentOf, buildConnector } = await import('undici');
  const open = (judge: (address: string) => boolean): Agent => {
    const connector = buildConnector({
      ...(ca !== undefined && { ca }),
      timeout: LIMITS.egress_connect_ms.value,
      allowH2: false,
      autoSelectFamily: true,
      lookup: diverted(judgedLookup(resolve, judge), divert !== undefined),
    });
    return new AgentOf({
      connect: (wanted, done) =>
        connector({ ...wanted, port: String(divert?.(portOf(wanted)) ?? portOf(wanted)) }, done),
      connections: CONNECTIONS_PER_HOST,
      keepAliveTimeout: LIMITS.egress_keep_alive_ms.value,
      keepAliveMaxTimeout: LIMITS.egress_keep_alive_ms.value,
      maxHeaderSize: LIMITS.egress_header_bytes.value,
      headersTimeout: LIMITS.egress_silent_ms.value,
      bodyTimeout: LIMITS.egress_silent_ms.value,
    });
  };
  return { toPublic: open(isPublicAddress), toAny: open(() => true) };
}

function portOf({ port, protocol }: { readonly port: string; readonly protocol: string }): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

async function resolveBySystem(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** What was judged is what the answer says; only then, in a test, does the connection go to this machine. */
function diverted(look: LookupFunction, isDiverted: boolean): LookupFunction {
  if (!isDiverted) return look;
  return (host, options, done) =>
    look(host, options, (error, addresses) =>
      done(error, error === null ? [{ address: '127.0.0.1', family: 4 }] : addresses),
    );
}

type Found = { readonly address: string; readonly family: 4 | 6 };

/** All answers are judged, so that a name which has one good address and one bad is not dialled by chance. */
function judgedLookup(
  find: (host: string) => Promise<readonly string[]>,
  isAllowed: (address: string) => boolean,
): LookupFunction {
  const look = async (host: string): Promise<Found[]> => {
    const addresses = await find(host).catch((error: unknown) => {
      throw error instanceof HostError ? error : failed(`${host} could not be resolved`, error);
    });
    if (!addresses.every(isAllowed)) throw refused(notPublic(host));
    if (addresses.length === 0) throw failed(`${host} has no address`);
    return addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  };
  // With `autoSelectFamily` a connection asks for all addresses, and takes them without a family beside.
  return callbackify((host: string, _options: object) => look(host)) as LookupFunction;
}

/** The address is not told: what a name means inside is the operator's business. */
function notPublic(host: string): ReturnType<typeof refusal> {
  return refusal('address', host, `${host} leads to an address that is not of the public internet`);
}

function openSocket(
  { resolve = resolveBySystem, divert }: DialerOptions,
  target: Target,
  signal: AbortSignal,
): Promise<Socket> {
  const port = Number(target.hostPort.slice(target.hostPort.lastIndexOf(':') + 1));
  const socket = connect({
    host: target.host.replace(/^\[|\]$/g, ''),
    port: divert?.(port) ?? port,
    lookup: diverted(judgedLookup(resolve, target.isPrivate ? () => true : isPublicAddress), divert !== undefined),
    autoSelectFamily: true,
    allowHalfOpen: true,
    noDelay: true,
    signal,
  });
  const { promise, resolve: take, reject } = Promise.withResolvers<Socket>();
  const late = setTimeout(
    () => socket.destroy(failed(`${target.hostPort} did not answer in time`)),
    LIMITS.egress_connect_ms.value,
  );
  socket.once('connect', () => take(socket));
  socket.on('error', (error) => reject(toEgressError(error, target))); // Later ones are the tunnel's, which sees its end.
  return promise.finally(() => clearTimeout(late));
}

/** Methods that a server answers twice as it does once, of which the whole request is here. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const CUT: readonly string[] = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'];

/** A kept connection may be closed by the other side just as it is used again: what can be sent twice is, once. */
async function again(one: Exchange, agent: Agent): Promise<WireResponse> {
  try {
    return await exchangeBy(agent, one);
  } catch (error) {
    const isCut = error instanceof HostError && CUT.includes(codeOf(error.cause));
    if (!isCut || !REPEATABLE.has(one.request.method) || one.signal.aborted) throw error;
    return exchangeBy(agent, one);
  }
}

/** One request to one target. */
export type Exchange = { readonly target: Target; readonly request: WireRequest; readonly signal: AbortSignal };

/** Has an agent of undici send a request, and resolves with the head of its answer. @throws {HostError} as a dialer does. */
export async function exchangeBy(agent: Dispatcher, { target, request, signal }: Exchange): Promise<WireResponse> {
  const { origin, pathname, search } = new URL(target.href);
  try {
    const { statusCode, headers, body } = await agent.request({
      origin,
      path: `${pathname}${search}`,
      method: request.method,
      headers: request.headers.flat(),
      body: request.body ?? null,
      signal,
      responseHeaders: 'raw',
    });
    const leave = (): void => void body.on('error', () => undefined).destroy();
    return { status: statusCode, headers: pairsOf(headers), body: told(body, target), leave };
  } catch (error) {
    throw toEgressError(error, target);
  }
}

/** With `raw`, undici gives names and values in turn, which its types do not know. */
function pairsOf(headers: unknown): readonly HeaderPair[] {
  const flat = (Array.isArray(headers) ? headers : []).map(String);
  return flat.flatMap((name, index): HeaderPair[] =>
    index % 2 === 0 ? [[name.toLowerCase(), flat[index + 1] ?? '']] : [],
  );
}

async function* told(body: AsyncIterable<Uint8Array>, target: Target): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw toEgressError(error, target);
  }
}

function toEgressError(error: unknown, { hostPort }: Target): unknown {
  if (error instanceof HostError) return error;
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return pastLimit('egress_header_bytes');
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return pastLimit('egress_silent_ms');
  return failed(`${hostPort} ${WORDS[code] ?? 'did not answer as HTTP has it'}`, error);
}

/** What is thrown where a signal aborts is a DOMException, whose code is a number. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return error.name === 'AbortError' ? error.name : 'code' in error ? String(error.code) : '';
}

/** What happened, by undici's and the system's codes; other words might tell of this network. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'cut the connection',
  EPIPE: 'cut the connection',
  UND_ERR_SOCKET: 'cut the connection',
  ENETUNREACH: 'cannot be reached',
  EHOSTUNREACH: 'cannot be reached',
  ETIMEDOUT: 'did not answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'did not answer in time',
  UND_ERR_ABORTED: 'was not waited for',
  AbortError: 'was not waited for',
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a certificate that nobody vouches for',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate that nobody vouches for',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a certificate that nobody vouches for',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has the certificate of another host',
};
