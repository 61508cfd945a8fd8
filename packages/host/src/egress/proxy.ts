/**
 * The host's end of the proxy that an MCP server has in its jail: HTTP on a Unix socket, `CONNECT` for what speaks TLS itself, and
 * whole addresses for the rest. Judged and dialled as `fetch` of plugins is; no secret is put in, since of TLS the broker sees a name
 * and nothing else.
 *
 *   CONNECT api.example.com:443   judged -> resolved, judged, dialled -> greeting names that host -> bytes both ways, bounded
 *   GET http://host:80/path       a request of the broker's, without secrets; no redirect is followed
 */
import { LIMITS } from '@bulkhead/protocol';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HostError } from '../base/host-error.ts';
import type { Broker, Errand } from './broker.ts';
import type { Dialer } from './dialer.ts';
import { failed, pastLimit, refused } from './egress-errors.ts';
import type { HeaderPair } from './headers.ts';
import { refusal } from './target.ts';
import { TUNNEL_BOUNDS, carryTunnel, type TunnelBounds } from './tunnel.ts';

/** What a server may reach now. @throws {HostError} where it may reach nothing. */
export type ProxyErrand = () => Promise<Pick<Errand, 'rules' | 'didMove'>>;

/** What a proxy is made of. */
export type ProxyOptions = {
  readonly broker: Broker;
  readonly dialer: Pick<Dialer, 'connect'>;
  readonly errandOf: ProxyErrand;
  /** Told how each request and tunnel ended: `ok`, or a code of the error table. */
  readonly didEnd: (code: string, error: HostError | undefined) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Those of LIMITS where they are left out. */
  readonly bounds?: Partial<TunnelBounds>;
};

/** A proxy that listens. */
export type Proxy = { readonly close: () => Promise<void> };

const CHECK_MS = 1_000;

/** Listens on a Unix socket at this path. */
export async function openProxy(path: string, options: ProxyOptions): Promise<Proxy> {
  const closing = new AbortController();
  const rate = createRate(options.now);
  const bounds = { ...TUNNEL_BOUNDS, ...options.bounds };
  const server = createServer({
    maxHeaderSize: LIMITS.egress_header_bytes.value,
    headersTimeout: bounds.helloMs,
    requestTimeout: LIMITS.egress_request_ms.value,
    keepAliveTimeout: LIMITS.egress_keep_alive_ms.value,
    connectionsCheckingInterval: Math.min(CHECK_MS, bounds.helloMs),
  });
  const sockets = new Set<Socket>();
  server.maxConnections = LIMITS.egress_tunnels.value;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket)); // Its end is all there is to know.
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  const serving = { ...options, bounds, rate, signal: closing.signal };
  server.on('request', (request, response) => void forward(serving, request, response));
  server.on('connect', (request, socket: Socket, head) => void tunnel(serving, request, { socket, head }));
  await listen(server, path);
  return {
    close: async () => {
      closing.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy(); // Tunnels are no requests any more to the server.
      await closed;
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, () => {
      server.off('error', reject).on('error', () => undefined); // A connection that could not be taken is that one's trouble.
      resolve();
    });
  });
}

type Serving = ProxyOptions & {
  readonly bounds: TunnelBounds;
  readonly rate: () => void;
  readonly signal: AbortSignal;
};
type Opened = { readonly socket: Socket; readonly head: Buffer };

async function tunnel(serving: Serving, { url = '' }: IncomingMessage, { socket, head }: Opened): Promise<void> {
  await settled(serving, async () => {
    const { bounds, signal } = serving;
    serving.rate();
    const { rules, didMove } = await serving.errandOf();
    if (!AUTHORITY.test(url)) throw refused(refusal('url', '', 'CONNECT names a host and its port'));
    socket.unshift(head);
    await carryTunnel({ client: socket, authority: url, rules, didMove, bounds, signal }, serving.dialer);
  }).catch((error: HostError) => {
    if (socket.writable) socket.end(`HTTP/1.1 ${statusOf(error)}\r\n${PLAIN}\r\n\r\n${textOf(error)}`);
    else socket.destroy();
  });
}

/** A name, or an address in brackets, and a port; what the URL standard would read as something else is none. */
const AUTHORITY = /^(?:[\w.-]{1,255}|\[[\da-fA-F:.]{1,64}\]):\d{1,5}$/;
const PLAIN = 'content-type: text/plain; charset=utf-8\r\nconnection: close';

async function forward(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  await settled(serving, async () => {
    serving.rate();
    const errand = {
      ...(await serving.errandOf()),
      secrets: [],
      signal: AbortSignal.any([serving.signal, gone.signal]),
    };
    const { method = 'GET', url = '', rawHeaders } = request;
    if (!/^https?:\/\//i.test(url)) throw refused(refusal('url', '', 'a proxy is asked with a whole address'));
    const body = await bodyOf(request);
    const asked = { url, method, headers: pairsOf(rawHeaders), body, redirect: 'manual' } as const;
    const answer = await serving.broker.send(asked, errand);
    response.writeHead(answer.status, answer.headers.flat());
    await pipeline(Readable.from(answer.body), response);
  }).catch((error: HostError) => {
    if (response.headersSent) return void response.destroy();
    const [status = ''] = statusOf(error).split(' ');
    response.writeHead(Number(status), { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
    response.end(textOf(error));
  });
}

/** Tells how it ended. @throws {HostError} whatever it was that went wrong. */
async function settled({ didEnd }: Serving, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    didEnd('ok', undefined);
  } catch (thrown) {
    const error = thrown instanceof HostError ? thrown : failed('the connection to the proxy broke off', thrown);
    didEnd(error.code, error);
    throw error;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > LIMITS.egress_request_bytes.value) throw pastLimit('egress_request_bytes', bytes);
    pieces.push(piece);
  }
  return bytes === 0 ? undefined : Buffer.concat(pieces);
}

/** Node gives names and values in turn. */
function pairsOf(raw: readonly string[]): readonly HeaderPair[] {
  return raw.flatMap((name, index): HeaderPair[] => (index % 2 === 0 ? [[name, raw[index + 1] ?? '']] : []));
}

const STATUS: Readonly<Record<string, string>> = {
  EGRESS_REFUSED: '403 Forbidden',
  EGRESS_LIMIT: '429 Too Many Requests',
};

function statusOf({ code }: HostError): string {
  return STATUS[code] ?? '502 Bad Gateway';
}

/** What a program's own error shows, where it shows the proxy's answer. */
function textOf({ code, message }: HostError): string {
  return `${code}: ${message}\n`;
}

const SECOND_MS = 1_000;

/** So many in a second; one more is refused. */
function createRate(now: () => number): () => void {
  const allowed = LIMITS.egress_tunnels_per_second.value;
  let [since, count] = [now(), 0];
  return () => {
    if (now() - since >= SECOND_MS) [since, count] = [now(), 0];
    count += 1;
    if (count > allowed) throw pastLimit('egress_tunnels_per_second', count);
  };
}
