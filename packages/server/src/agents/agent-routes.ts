/**
 * Runs of agents over HTTP: begin one, read it, list them, decide about what one waits for, cancel one. A run's answer is an Outcome
 * with the run as its value, or the AI SDK's UI message stream.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HostError, type AgentBegin, type Host, type Log } from '@bulkhead/host';
import type { AgentRun } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import { encodeOutcome } from '../answer/encode.ts';
import { createGoneSignals } from '../door/gone-signals.ts';
import { callerOf } from '../door/principal.ts';
import { inCallersTrace } from '../door/trace-context.ts';
import { OutcomeSchema } from '../schemas.ts';
import {
  ApprovalsBodySchema,
  RunBodySchema,
  RunParamsSchema,
  RunSchema,
  RunsQuerySchema,
  type ApprovalsBody,
  type RunBody,
} from './agent-schemas.ts';
import { askedMessages } from './asked-messages.ts';
import { runAgent } from './run-agent.ts';

/** The part of the server that runs of agents need. */
export type AgentPlane = { readonly host: Host; readonly log: Log };

type RunRoute = { Params: Static<typeof RunParamsSchema> };

const security = [{ bearer: [] }];
/** Statuses of the error table that a run can end with, for the published document. */
const RUN_STATUSES = [200, 400, 401, 403, 404, 409, 413, 415, 429, 499, 502, 503, 504] as const;
const outcomes = Object.fromEntries(RUN_STATUSES.map((status) => [status, OutcomeSchema]));
const errors = { 401: OutcomeSchema, 404: OutcomeSchema, 503: OutcomeSchema } as const;
const EVENTS =
  'With `stream` the answer is the UI message stream of the AI SDK; a run that is refused before is answered as ever.';

/** Adds the routes below `/v1/agents/runs`. */
export function addAgentRoutes(app: FastifyInstance, plane: AgentPlane): void {
  const goneOf = createGoneSignals();
  const { agents } = plane.host;
  app.post<{ Body: RunBody }>(
    '/v1/agents/runs',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Run an agent on the tenant’s tools',
        description: EVENTS,
        security,
        body: RunBodySchema,
        response: outcomes,
      },
    },
    async (request, reply) => {
      const { backend, max_steps: maxSteps, budget, timeout_ms: timeoutMs } = request.body;
      const conversation = await askedMessages(request.body);
      const { tenant } = callerOf(request);
      const signal = goneOf(request.raw.socket);
      const begin = () => agents.begin({ ...conversation, tenant, backend, maxSteps, budget, timeoutMs, signal });
      return answerRun(plane, { request, reply, begin });
    },
  );
  app.post<RunRoute & { Body: ApprovalsBody }>(
    '/v1/agents/runs/:id/approvals',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Decide about the tools that a run waits for, and go on with it',
        description: EVENTS,
        security,
        params: RunParamsSchema,
        body: ApprovalsBodySchema,
        response: outcomes,
      },
    },
    (request, reply) => {
      const { approvals: decisions, timeout_ms: timeoutMs } = request.body;
      const { tenant } = callerOf(request);
      const signal = goneOf(request.raw.socket);
      const begin = () => agents.resume({ tenant, id: request.params.id, decisions, timeoutMs, signal });
      return answerRun(plane, { request, reply, begin });
    },
  );
  addRecordRoutes(app, agents);
}

type Answering = {
  readonly request: FastifyRequest<{ Body: RunBody | ApprovalsBody }>;
  readonly reply: FastifyReply;
  readonly begin: () => Promise<AgentBegin>;
};

async function answerRun({ host, log }: AgentPlane, { request, reply, begin }: Answering): Promise<FastifyReply> {
  const { plugins, stream: isStreamed = false } = request.body;
  const { scopes } = callerOf(request);
  const stream = isStreamed ? (await import('./ui-stream.ts')).openUiStream(reply) : undefined;
  const tell = stream?.tell ?? (() => undefined);
  const ended = await inCallersTrace(request.headers, () => runAgent(begin(), { host, log, scopes, plugins, tell }));
  if (stream?.end(ended) === true) return reply;
  const { status, headers, body } = encodeOutcome(ended.outcome);
  return reply.code(status).headers(headers).send(body);
}

function addRecordRoutes(app: FastifyInstance, agents: Host['agents']): void {
  app.get<{ Querystring: Static<typeof RunsQuerySchema> }>(
    '/v1/agents/runs',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'The tenant’s runs, newest first',
        security,
        querystring: RunsQuerySchema,
        response: { 200: Type.Array(RunSchema), 401: OutcomeSchema, 503: OutcomeSchema },
      },
    },
    (request) => {
      const { before, limit } = request.query;
      const page = { tenant: callerOf(request).tenant, rowsMax: rowsOf(limit) };
      return agents.list({ ...page, ...(before !== undefined && { before }) });
    },
  );
  app.get<RunRoute>(
    '/v1/agents/runs/:id',
    {
      config: { access: 'operator' },
      schema: { summary: 'One run', security, params: RunParamsSchema, response: { 200: RunSchema, ...errors } },
    },
    async (request) => found(await agents.get(whichOf(request))),
  );
  app.post<RunRoute>(
    '/v1/agents/runs/:id/cancel',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'End a run; one that has ended stays as it is',
        security,
        params: RunParamsSchema,
        response: { 200: RunSchema, ...errors },
      },
    },
    async (request) => found(await agents.cancel(whichOf(request))),
  );
}

function whichOf(request: FastifyRequest<RunRoute>): { readonly tenant: string; readonly id: string } {
  return { tenant: callerOf(request).tenant, id: request.params.id };
}

function found(run: AgentRun | undefined): AgentRun {
  if (run === undefined) throw new HostError('AGENT_RUN_NOT_FOUND');
  return run;
}

const ROWS_DEFAULT = 20;
const ROWS_MAX = 100;

function rowsOf(limit: string | undefined): number {
  if (limit === undefined) return ROWS_DEFAULT;
  if (/^[1-9]\d{0,8}$/.test(limit)) return Math.min(Number(limit), ROWS_MAX);
  throw new HostError('REQUEST_INVALID', {
    message: `limit is ${JSON.stringify(limit.slice(0, 80))}; expected a whole number of at least 1`,
  });
}
