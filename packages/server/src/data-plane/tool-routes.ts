/**
 * The data plane: which tools there are, and a call of one. The body of a call is always an Outcome; whatever was wrong
 * before the host saw it is one too.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { CallRequest, Host, Log } from '@bulkhead/host';
import type { Outcome } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import { encodeOutcome } from '../answer/encode.ts';
import { callerOf, type Caller } from '../door/principal.ts';
import { CallBodySchema, ListedToolSchema, OutcomeSchema, ToolParamsSchema, type CallBody } from '../schemas.ts';
import { inCallersTrace, traceFields } from '../door/trace-context.ts';

/** The part of the server that the data plane needs. */
export type DataPlane = { readonly host: Host; readonly log: Log };

type CallRoute = { Params: Static<typeof ToolParamsSchema>; Body: CallBody | undefined };

const security = [{ bearer: [] }];
/** Statuses of the error table that a call can end with, for the published document (DESIGN 4). */
const CALL_STATUSES = [200, 400, 401, 403, 404, 409, 413, 415, 429, 499, 502, 503, 504] as const;

/** Adds `GET /v1/tools` and `POST /v1/tools/{plugin}/{tool}/call`. */
export function addToolRoutes(app: FastifyInstance, plane: DataPlane): void {
  app.get(
    '/v1/tools',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'The tools that may be called, sorted by plugin and name',
        security,
        response: { 200: Type.Array(ListedToolSchema), 401: OutcomeSchema },
      },
    },
    (request) => plane.host.tools(callerOf(request).tenant),
  );
  app.post<CallRoute>(
    '/v1/tools/:plugin/:tool/call',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Call a tool',
        security,
        params: ToolParamsSchema,
        body: CallBodySchema,
        response: Object.fromEntries(CALL_STATUSES.map((status) => [status, OutcomeSchema])),
      },
    },
    async (request, reply) => {
      const asked = { body: request.body, reply, caller: callerOf(request) };
      return answer(reply, await inCallersTrace(request.headers, () => call(plane, request.params, asked)));
    },
  );
}

type Asked = { readonly body: CallBody | undefined; readonly reply: FastifyReply; readonly caller: Caller };

async function call(plane: DataPlane, { plugin, tool }: CallRoute['Params'], asked: Asked): Promise<Outcome> {
  const { params, timeout_ms: timeoutMs, idempotency_key: key } = asked.body ?? {};
  const { tenant, scopes } = asked.caller;
  const request: CallRequest = { plugin, tool, params, tenant, ...(scopes !== undefined && { scopes }) };
  const timed = timeoutMs === undefined ? request : { ...request, timeoutMs };
  // Whoever sends a key may ask again for the outcome, so a lost connection does not cancel the call.
  const bound = key === undefined ? { signal: signalOf(asked.reply.raw) } : { idempotencyKey: key };
  const outcome = await plane.host.call({ ...timed, ...bound });
  logCall(plane.log, outcome);
  return outcome;
}

/** Aborts when the client goes away before its answer was written (FAULTS 110). */
function signalOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** One line for each call, with tenant and call id (DESIGN 12). Never params, values, output or tokens. */
function logCall(log: Log, { call: report, ...end }: Outcome): void {
  const { tenant, call_id, plugin, target, duration_ms, queue_ms } = report;
  const outcome = end.ok ? { outcome: 'ok' } : { outcome: end.error.kind, code: end.error.code };
  log.info({ tenant, call_id, plugin, target, ...outcome, duration_ms, queue_ms, ...traceFields() }, 'call');
}

function answer(reply: FastifyReply, outcome: Outcome): FastifyReply {
  const { status, headers, body } = encodeOutcome(outcome);
  return reply.code(status).headers(headers).send(body);
}
