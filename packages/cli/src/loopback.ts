/**
 * A server on the loopback of this machine, for whoever sits at it: without a token, and not for pages of a browser that come from
 * elsewhere.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { UsageError } from './usage-error.ts';

const LOOPBACK = '127.0.0.1';

/** What is served, as its error calls it, and the option that names the port; 0 picks a free one. */
export type LoopbackOptions = { readonly port: number; readonly what: string; readonly option: string };

/** A server that listens until it is disposed; `url` ends with a slash. */
export type LoopbackServer = AsyncDisposable & { readonly url: string };

/** Listens. @throws {UsageError} where the port is taken. */
export async function serveOnLoopback(
  { port, what, option }: LoopbackOptions,
  answer: RequestListener,
): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    if (isFromHere(request)) answer(request, response);
    else response.writeHead(403, { 'content-type': 'text/plain' }).end('This page is for this machine alone.\n');
  });
  server.listen({ host: LOOPBACK, port });
  await once(server, 'listening').catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new UsageError(
      `no ${what} can be served on port ${port} (${code})`,
      `Name another with ${option}; 0 picks a free one.`,
    );
  });
  return {
    url: `http://${LOOPBACK}:${portOf(server, port)}/`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function portOf(server: Server, asked: number): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : asked;
}

const HERE = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;

/** A page of the web calls us by another name (DNS rebinding), or says where it is from. */
export function isFromHere({ headers: { host = '', origin = '' } }: IncomingMessage): boolean {
  return HERE.test(host) && (!/^https?:/.test(origin) || origin === `http://${host}`);
}
