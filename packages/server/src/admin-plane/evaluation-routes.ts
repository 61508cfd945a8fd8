/**
 * Evaluations of releases on the admin plane: a tenant's admin reads those of its own tenant, whatever the query says; the platform
 * reads all, and those that are its own.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { EVALUATION_STATES, HostError, type Evaluation, type EvaluationWithReport, type Host } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import { callerOf } from '../door/principal.ts';
import { ErrorBodySchema } from '../schemas.ts';

const security = [{ bearer: [] }];
const errors = { 401: ErrorBodySchema, 403: ErrorBodySchema, 422: ErrorBodySchema, 503: ErrorBodySchema } as const;
const config = { access: 'admin' } as const;

const time = Type.String({ format: 'date-time' });
const document = Type.Object({}, { additionalProperties: true });
const textOrNull = Type.Union([Type.String(), Type.Null()]);
const state = Type.Enum([...EVALUATION_STATES]);

const EvaluationSchema = Type.Object({
  id: Type.String(),
  tenant_id: textOrNull,
  plugin_name: Type.String(),
  from_version: textOrNull,
  to_version: Type.String(),
  kind: Type.Union([Type.Literal('upgrade'), Type.Literal('rollout'), Type.Literal('install')]),
  state,
  changes: Type.Array(Type.Object({ state, at: time, reason: textOrNull }), {
    description: 'Every change of its state, oldest first.',
  }),
  verdict: textOrNull,
  reasons: Type.Array(Type.String()),
  summary: document,
  node: Type.String({ description: 'Carries it on.' }),
  actor: Type.String(),
  created_at: time,
  updated_at: time,
  revision: Type.Integer(),
});
const WithReportSchema = Type.Object({
  ...EvaluationSchema.properties,
  report: Type.Union([document, Type.Null()], {
    description: 'Null until there is one; `left_out` says how large one was that is too large to be kept.',
  }),
});
const ListSchema = Type.Object({ evaluations: Type.Array(EvaluationSchema, { description: 'Newest first.' }) });
const QuerySchema = Type.Object({
  plugin: Type.Optional(Type.String({ maxLength: 64, description: 'Those of this plugin alone.' })),
  before: Type.Optional(Type.String({ maxLength: 64, description: 'Those before the evaluation of this id.' })),
});
const ParamsSchema = Type.Object({ id: Type.String() });

/** Adds `GET /api/v1/evaluations`, and `GET` and `DELETE /api/v1/evaluations/{id}`. */
export function addEvaluationRoutes(app: FastifyInstance, { evaluations, gate }: Host): void {
  app.get<{ Querystring: Static<typeof QuerySchema> }>(
    '/api/v1/evaluations',
    {
      config,
      schema: {
        summary: 'Evaluations of releases, newest first: the tenant’s own; every tenant’s for the platform',
        security,
        querystring: QuerySchema,
        response: { 200: ListSchema, ...errors },
      },
    },
    async (request) => {
      const { tenant, isPlatform } = callerOf(request);
      const page = { ...request.query, limit: LIMITS.evaluations_listed.value };
      const found = await evaluations.list(isPlatform ? page : { ...page, tenant });
      return { evaluations: found.map(listed) };
    },
  );
  app.get<{ Params: Static<typeof ParamsSchema> }>(
    '/api/v1/evaluations/:id',
    {
      config,
      schema: {
        summary: 'One evaluation with its report; that of another tenant is none',
        security,
        params: ParamsSchema,
        response: { 200: WithReportSchema, ...errors, 404: ErrorBodySchema },
      },
    },
    async (request) => {
      const found = await ownEvaluation(evaluations, request);
      return { ...listed(found), report: found.report === null ? null : { ...found.report } };
    },
  );
  app.delete<{ Params: Static<typeof ParamsSchema> }>(
    '/api/v1/evaluations/:id',
    {
      config,
      schema: {
        summary: 'End an evaluation that is under way; whoever was moved for it is moved back first',
        security,
        params: ParamsSchema,
        response: { 200: EvaluationSchema, ...errors, 404: ErrorBodySchema, 409: ErrorBodySchema },
      },
    },
    async (request) => {
      const { id } = await ownEvaluation(evaluations, request);
      return listed(await gate.cancel(id, callerOf(request).actor));
    },
  );
}

async function ownEvaluation(
  evaluations: Host['evaluations'],
  request: FastifyRequest<{ Params: Static<typeof ParamsSchema> }>,
): Promise<EvaluationWithReport> {
  const { tenant, isPlatform } = callerOf(request);
  const found = await evaluations.get(request.params.id);
  if (found !== undefined && (isPlatform || found.tenant_id === tenant)) return found;
  throw new HostError('EVALUATION_NOT_FOUND');
}

function listed(evaluation: Evaluation): Static<typeof EvaluationSchema> {
  const { changes, reasons, summary } = evaluation;
  return {
    ...evaluation,
    changes: changes.map((change) => ({ ...change })),
    reasons: [...reasons],
    summary: { ...summary },
  };
}
