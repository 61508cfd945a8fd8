/**
 * The metrics page of a worker or of a run, on loopback: for Prometheus on this machine, without a token.
 */
import type { ServerResponse } from 'node:http';
import { serveOnLoopback } from '../loopback.ts';

/** A page that is served until it is disposed. */
export type MetricsPage = AsyncDisposable & { readonly url: string };

/** Serves `GET /metrics`; 0 picks a free port. @throws {UsageError} where the port is taken. */
export async function serveMetrics(port: number, render: () => Promise<string>): Promise<MetricsPage> {
  const options = { port, what: 'metrics', option: '--metrics-port' };
  const server = await serveOnLoopback(options, (request, response) => {
    if (request.method === 'GET' && request.url === '/metrics') void answer(response, render);
    else response.writeHead(404).end();
  });
  return { url: `${server.url}metrics`, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
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
