/**
 * What machines ask of a server: is it alive, does it take work, what are its figures, which routes has it.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Host, QueueSeries } from '@bulkhead/host';
import { StatusSchema } from '../schemas.ts';

/** The part of the server that these routes need. */
export type StatusPlane = {
  readonly host: Host;
  readonly isDraining: () => boolean;
  /** Whether a request brings the platform's token. */
  readonly isPlatform: (request: FastifyRequest) => boolean;
  /** Series of the queue of tasks, where there is one. */
  readonly queueSeries: QueueSeries | undefined;
};

const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** Adds `/healthz`, `/readyz`, `/metrics` and `/openapi.json`. */
export function addStatusRoutes(app: FastifyInstance, plane: StatusPlane): void {
  const { host, isDraining, isPlatform, queueSeries } = plane;
  const config = { access: 'public' } as const;
  app.get('/healthz', { config, schema: { summary: 'The server is alive', response: { 200: StatusSchema } } }, () => ({
    status: 'ok',
  }));
  app.get(
    '/readyz',
    {
      config,
      schema: {
        summary: 'The server takes calls; 503 while it drains',
        response: { 200: StatusSchema, 503: StatusSchema },
      },
    },
    (_request, reply) => (isDraining() ? reply.code(503).send({ status: 'draining' }) : { status: 'ready' }),
  );
  const summary = 'Prometheus text; with the platform token, bytes on the network by tenant';
  app.get('/metrics', { config, schema: { summary } }, async (request, reply) => {
    const page = host.metrics({ byTenant: isPlatform(request) });
    const texts = await Promise.all([page, queueSeries?.renderMetrics() ?? '']);
    return reply.type(PROMETHEUS_TEXT).send(texts.join('\n'));
  });
  app.get('/openapi.json', { config, schema: { hide: true } }, () => app.swagger());
}
