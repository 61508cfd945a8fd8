/**
 * The receipt of the sandbox that a plugin runs in: which layers were measured to hold (FAULTS 116).
 */
import type { FastifyInstance } from 'fastify';
import type { Host } from '@bulkhead/host';
import type { Static } from 'typebox';
import { callerOf } from '../door/principal.ts';
import { ErrorBodySchema, PluginParamsSchema, ReceiptSchema } from '../schemas.ts';
import { insistOnOwnPlugin } from './own-plugin.ts';

/** Adds `GET /api/v1/plugins/{name}/receipt`. */
export function addReceiptRoutes(app: FastifyInstance, host: Host): void {
  app.get<{ Params: Static<typeof PluginParamsSchema> }>(
    '/api/v1/plugins/:name/receipt',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'What the sandbox of a plugin was measured to be, layer by layer',
        security: [{ bearer: [] }],
        params: PluginParamsSchema,
        response: { 200: ReceiptSchema, 401: ErrorBodySchema, 404: ErrorBodySchema },
      },
    },
    (request) => {
      insistOnOwnPlugin(host, request.params.name, callerOf(request));
      return host.receipt; // Every plugin of a host runs in the same layers.
    },
  );
}
