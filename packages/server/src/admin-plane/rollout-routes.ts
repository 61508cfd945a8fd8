/**
 * Rollouts on the admin plane: the platform moves the tenants of a plugin to a release by growing shares, looks how far it is,
 * and ends it.
 */
import type { FastifyInstance } from 'fastify';
import { HostError, type Host, type StoredRollout } from '@bulkhead/host';
import type { Static } from 'typebox';
import { callerOf } from '../door/principal.ts';
import { NewRolloutSchema, RolloutSchema } from './release-schemas.ts';
import { ErrorBodySchema, PluginParamsSchema } from '../schemas.ts';

const security = [{ bearer: [] }];
const errors = { 401: ErrorBodySchema, 403: ErrorBodySchema, 404: ErrorBodySchema, 422: ErrorBodySchema } as const;
const config = { access: 'platform' } as const;

type OfPlugin = { Params: Static<typeof PluginParamsSchema> };

/** Adds `POST`, `GET` and `DELETE /api/v1/plugins/{name}/rollout`. */
export function addRolloutRoutes(app: FastifyInstance, { registrations }: Host): void {
  app.post<OfPlugin & { Body: Static<typeof NewRolloutSchema> }>(
    '/api/v1/plugins/:name/rollout',
    {
      config,
      schema: {
        summary: 'Begin to move all tenants that have the plugin enabled to a release, by growing shares',
        security,
        params: PluginParamsSchema,
        body: NewRolloutSchema,
        response: { 202: RolloutSchema, ...errors, 409: ErrorBodySchema, 503: ErrorBodySchema },
      },
    },
    async (request, reply) => {
      const { version, gate = 'trial', steps, wait_ms: waitMs } = request.body;
      if (gate === 'guard') throw new HostError('GUARD_NOT_INSTALLED');
      const by = callerOf(request).actor;
      const shares = { ...(steps !== undefined && { steps }), ...(waitMs !== undefined && { waitMs }) };
      const rollout = await registrations.rollout(request.params.name, { version, gate, by, ...shares });
      return reply.code(202).send(shown(rollout));
    },
  );
  app.get<OfPlugin>(
    '/api/v1/plugins/:name/rollout',
    {
      config,
      schema: {
        summary: 'How far the newest rollout of a plugin is, and whom it left out',
        security,
        params: PluginParamsSchema,
        response: { 200: RolloutSchema, ...errors },
      },
    },
    (request) => {
      const rollout = registrations.rolloutOf(request.params.name);
      if (rollout === undefined) throw new HostError('ROLLOUT_NOT_FOUND');
      return shown(rollout);
    },
  );
  app.delete<OfPlugin>(
    '/api/v1/plugins/:name/rollout',
    {
      config,
      schema: {
        summary: 'End the rollout that is under way; who has moved stays moved',
        security,
        params: PluginParamsSchema,
        response: { 200: RolloutSchema, ...errors },
      },
    },
    async (request) => shown(await registrations.cancelRollout(request.params.name, callerOf(request).actor)),
  );
}

function shown({ revision: _revision, ...row }: StoredRollout): Static<typeof RolloutSchema> {
  return { ...row, steps: [...row.steps], left_out: [...row.left_out] };
}
