/**
 * Rollouts on the admin plane: the platform moves the tenants of a plugin to a release by growing shares, looks how far it is,
 * and ends it.
 */
import type { FastifyInstance } from 'fastify';
import { HostError, type Host, type StoredRollout } from '@bulkhead/host';
import { Type, type Static } from 'typebox';
import { callerOf } from '../door/principal.ts';
import { EvaluationBegunSchema, gateOf } from './gate-schemas.ts';
import { NewRolloutSchema, RolloutSchema } from './release-schemas.ts';
import { ErrorBodySchema, PluginParamsSchema } from '../schemas.ts';

const security = [{ bearer: [] }];
const errors = { 401: ErrorBodySchema, 403: ErrorBodySchema, 404: ErrorBodySchema, 422: ErrorBodySchema } as const;
const config = { access: 'platform' } as const;

type OfPlugin = { Params: Static<typeof PluginParamsSchema> };

/** Adds `POST`, `GET` and `DELETE /api/v1/plugins/{name}/rollout`. */
export function addRolloutRoutes(app: FastifyInstance, host: Host): void {
  addStart(app, host);
  addLooks(app, host);
}

function addStart(app: FastifyInstance, host: Host): void {
  app.post<OfPlugin & { Body: Static<typeof NewRolloutSchema> }>(
    '/api/v1/plugins/:name/rollout',
    {
      config,
      schema: {
        summary: 'Begin to move all tenants that have the plugin enabled to a release, by growing shares',
        security,
        params: PluginParamsSchema,
        body: NewRolloutSchema,
        response: {
          202: Type.Union([RolloutSchema, EvaluationBegunSchema]),
          ...errors,
          409: ErrorBodySchema,
          503: ErrorBodySchema,
        },
      },
    },
    async (request, reply) => {
      const { version, steps, wait_ms } = request.body;
      const gate = gateOf(host, request.body);
      const { name: plugin } = request.params;
      const by = callerOf(request).actor;
      const shares = steps === undefined ? {} : { steps };
      if (gate.kind === 'guard') {
        const guard = wait_ms === undefined ? gate.options : { ...gate.options, wait_ms };
        const { id } = await host.gate.begin({ plugin, version, kind: 'rollout', by, guard, ...shares });
        return reply.code(202).send({ evaluation_id: id });
      }
      const wait = wait_ms === undefined ? {} : { waitMs: wait_ms };
      const rollout = await host.registrations.rollout(plugin, { version, gate: gate.kind, by, ...shares, ...wait });
      return reply.code(202).send(shown(rollout));
    },
  );
}

function addLooks(app: FastifyInstance, { registrations }: Host): void {
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
        summary: 'End the rollout that is under way; who has moved stays moved, unless evidence has moved them',
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
