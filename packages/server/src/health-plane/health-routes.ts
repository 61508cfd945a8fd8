/**
 * The health plane (DESIGN 9): how each plugin is, for everybody, always 200 or 404 (F001-19 to F001-24). It reads what the
 * registry holds in memory and asks neither storage nor guest, so it answers while both fail.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HealthView, Host } from '@bulkhead/host';
import { HostError } from '@bulkhead/host';
import { Type, type Static } from 'typebox';
import { PLUGIN_NOT_FOUND_DETAIL } from '../answer/not-found.ts';
import { ErrorBodySchema, PluginHealthSchema, PluginParamsSchema } from '../schemas.ts';

/** The part of the server that the health plane needs: `viewOf` decides who sees thrown text. */
export type HealthPlane = { readonly host: Host; readonly viewOf: (request: FastifyRequest) => HealthView };

/** Adds `GET /v1/plugins` and `GET /v1/plugins/{name}/health`. */
export function addHealthRoutes(app: FastifyInstance, { host, viewOf }: HealthPlane): void {
  app.get(
    '/v1/plugins',
    {
      config: { access: 'public' },
      schema: { summary: 'Health of every plugin, sorted by name', response: { 200: Type.Array(PluginHealthSchema) } },
    },
    (request) => host.plugins(viewOf(request)),
  );
  app.get<{ Params: Static<typeof PluginParamsSchema> }>(
    '/v1/plugins/:name/health',
    {
      config: { access: 'public' },
      schema: {
        summary: 'Health of one plugin',
        params: PluginParamsSchema,
        response: { 200: PluginHealthSchema, 404: ErrorBodySchema },
      },
    },
    (request) => {
      const health = host.health(request.params.name, viewOf(request));
      if (health === undefined) throw new HostError('PLUGIN_NOT_FOUND', { message: PLUGIN_NOT_FOUND_DETAIL });
      return health;
    },
  );
}
