/**
 * The metrics page of a worker or of a run, on loopback: for Prometheus on this machine, without a token.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { UsageError } from '../usage-error.ts';

/** A page that is served until it is disposed. */
export type MetricsPage = AsyncDisposable & { readonly url: string };

/** Serves `GET /metrics`; 0 picks a free port. @throws {UsageError} where the port is taken. */
export async function serveMetrics(port: number, render: () => Promise<string>): Promise<MetricsPage> {
  const server = createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/metrics') void answer(response, render);
    else response.writeHead(404).end();
  });
  server.listen({ host: '127.0.0.1', port });
  await once(server, 'listening').catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new UsageError(
      `no metrics can be served on port ${port} (${code})`,
      'Name another with --metrics-port; 0 picks a free one.',
    );
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${bound}/metrics`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(response: ServerResponse, render: () => Promise<string>): Promise<void> {
  try {
    const page = await render();
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(page);
  } catch {
    // The next scrape may have more luck; a gap in the series is what shows it.
    response.writeHead(503).end();
  }
}
