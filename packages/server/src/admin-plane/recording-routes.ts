/**
 * Recording of calls on the admin plane: a tenant's admin decides which share of its calls of a plugin is kept for evaluations, sees how
 * many are, and forgets them. What was recorded is read by evaluations alone.
 */
import type { FastifyInstance } from 'fastify';
import type { Host } from '@bulkhead/host';
import { Type, type Static } from 'typebox';
import { callerOf, type Caller } from '../door/principal.ts';
import { ErrorBodySchema, PluginParamsSchema } from '../schemas.ts';
import { insistOnRegistered } from './own-plugin.ts';

const security = [{ bearer: [] }];
const errors = {
  ...{ 401: ErrorBodySchema, 403: ErrorBodySchema, 404: ErrorBodySchema },
  ...{ 422: ErrorBodySchema, 503: ErrorBodySchema },
} as const;
const config = { access: 'admin' } as const;
const path = '/api/v1/plugins/:name/recording';

const share = Type.Number({
  minimum: 0,
  maximum: 1,
  description: 'Of the tenant’s calls of the plugin; 0 records none.',
});
const NewShareSchema = Type.Object({ share }, { additionalProperties: false });
const RecordingSchema = Type.Object({
  share,
  calls: Type.Array(Type.Object({ tool: Type.String(), calls: Type.Integer() }), {
    description: 'How many are recorded of each tool, sorted by its name.',
  }),
});

type OfPlugin = { Params: Static<typeof PluginParamsSchema> };

/** Adds `GET`, `PUT` and `DELETE /api/v1/plugins/{name}/recording`. */
export function addRecordingRoutes(app: FastifyInstance, host: Host): void {
  const { recordings } = host;
  const told = async (plugin: string, { tenant }: Caller): Promise<Static<typeof RecordingSchema>> => ({
    share: recordings.share({ plugin, tenant }),
    calls: [...(await recordings.count({ plugin, tenant }))],
  });
  app.get<OfPlugin>(
    path,
    {
      config,
      schema: {
        summary:
          'Which share of the tenant’s calls of a plugin is recorded for evaluations, and how many were, by tool',
        security,
        params: PluginParamsSchema,
        response: { 200: RecordingSchema, ...errors },
      },
    },
    (request) => {
      const caller = callerOf(request);
      insistOnRegistered(host, request.params.name, caller.tenant);
      return told(request.params.name, caller);
    },
  );
  app.put<OfPlugin & { Body: Static<typeof NewShareSchema> }>(
    path,
    {
      config,
      schema: {
        summary: 'Record a share of the tenant’s calls of a plugin for evaluations, without what looks like a secret',
        security,
        params: PluginParamsSchema,
        body: NewShareSchema,
        response: { 200: RecordingSchema, ...errors },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { tenant, actor: by } = caller;
      await recordings.setShare(request.params.name, request.body.share, { tenant, by });
      return told(request.params.name, caller);
    },
  );
  addRemoval(app, host);
}

function addRemoval(app: FastifyInstance, { recordings }: Host): void {
  app.delete<OfPlugin>(
    path,
    {
      config,
      schema: {
        summary: 'Forget what was recorded of the tenant’s calls of a plugin; the share stays',
        security,
        params: PluginParamsSchema,
        response: { 204: Type.Null(), ...errors },
      },
    },
    async (request, reply) => {
      const { tenant, actor: by } = callerOf(request);
      await recordings.remove(request.params.name, { tenant, by });
      return reply.code(204).send();
    },
  );
}
