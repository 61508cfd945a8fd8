/**
 * What a server is compared with: Fastify with one route that takes the same body by the same schema and answers the same
 * outcome, at once or one turn of the event loop later. The later one was measured to be the faster of the two.
 */
import type { Outcome } from '@bulkhead/protocol';
import fastify from 'fastify';
import type { AddressInfo } from 'node:net';
import { CallBodySchema, ToolParamsSchema } from '../../packages/server/src/schemas.ts';

/** A bare server with the routes `/plain/:plugin/:tool/call` and `/deferred/:plugin/:tool/call`. */
export type BareFastify = AsyncDisposable & { readonly port: number };

/** Listens on loopback. */
export async function openBareFastify(answer: Outcome): Promise<BareFastify> {
  const app = fastify();
  const schema = { params: ToolParamsSchema, body: CallBodySchema };
  app.post('/plain/:plugin/:tool/call', { schema }, (_request, reply) => void reply.send(answer));
  app.post('/deferred/:plugin/:tool/call', { schema }, (_request, reply) => {
    setImmediate(() => void reply.send(answer));
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo; // It listens on a port.
  return { port, [Symbol.asyncDispose]: () => app.close() };
}
