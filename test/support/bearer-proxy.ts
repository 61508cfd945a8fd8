/**
 * A proxy on loopback that adds a bearer token, for a program that cannot send one. Everything else passes through as it is, headers
 * and streams among it.
 */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy that listens. */
export type BearerProxy = AsyncDisposable & { readonly url: string };

/** Opens one in front of a server. */
export async function openBearerProxy(target: string, token: string): Promise<BearerProxy> {
  const server = createServer((asked, answer) => pass(asked, answer, { target, token }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // It listens.
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

type Behind = { readonly target: string; readonly token: string };

function pass(asked: IncomingMessage, answer: ServerResponse, { target, token }: Behind): void {
  const { method, headers, url = '/' } = asked;
  const ownHost = `127.0.0.1:${(asked.socket.address() as AddressInfo).port}`; // A TCP socket.
  // What names this proxy names the server behind it; any other host is the server's to refuse.
  const host = headers.host === ownHost ? new URL(target).host : headers.host;
  const options = { method, headers: { ...headers, host, authorization: `Bearer ${token}` } };
  const passed = request(new URL(url, target), options, (answered) => {
    answer.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(answer);
  });
  passed.on('error', () => answer.destroy());
  answer.on('close', () => passed.destroy());
  asked.pipe(passed);
}
