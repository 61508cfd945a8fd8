/**
 * The data plane: which tools there are, and a call of one. The body of a call is always an Outcome; whatever was wrong
 * before the host saw it is one too.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { CallRequest, Host, Log } from '@bulkhead/host';
import type { Outcome } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import { encodeOutcome } from '../answer/encode.ts';
import { createGoneSignals } from '../door/gone-signals.ts';
import { callerOf, type Caller } from '../door/principal.ts';
import { CallBodySchema, ListedToolSchema, OutcomeSchema, ToolParamsSchema, type CallBody } from '../schemas.ts';
import { streamCall, wantsEvents } from './call-events.ts';
import { inCallersTrace, traceFields } from '../door/trace-context.ts';

/** The part of the server that the data plane needs. */
export type DataPlane = { readonly host: Host; readonly log: Log };

type CallRoute = { Params: Static<typeof ToolParamsSchema>; Body: CallBody | undefined };

const security = [{ bearer: [] }];
/** Statuses of the error table that a call can end with, for the published document (DESIGN 4). */
const CALL_STATUSES = [200, 400, 401, 403, 404, 409, 413, 415, 429, 499, 502, 503, 504] as const;

/** Adds `GET /v1/tools` and `POST /v1/tools/{plugin}/{tool}/call`. */
export function addToolRoutes(app: FastifyInstance, plane: DataPlane): void {
  const goneOf = createGoneSignals();
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
        description:
          'With `Accept: text/event-stream` the result is read while it runs: events `chunk` (JSON), `bytes` (base64 in JSON), ' +
          '`progress` ({progress, total?, message?}), and last `outcome`. A call that is refused before it gives anything is answered as ever.',
        security,
        params: ToolParamsSchema,
        body: CallBodySchema,
        response: Object.fromEntries(CALL_STATUSES.map((status) => [status, OutcomeSchema])),
      },
    },
    (request, reply) => {
      const { body, headers, params, raw } = request;
      const asked = { body, caller: callerOf(request), gone: goneOf(raw.socket) };
      const called = requestOf(params, asked);
      const serve = wantsEvents(headers.accept) ? answerInPieces : answerWhole;
      return inCallersTrace(headers, () => serve(plane, called, reply));
    },
  );
}

type Asked = {
  readonly body: CallBody | undefined;
  readonly caller: Caller;
  /** Aborts when the connection is lost. */
  readonly gone: AbortSignal;
};

function requestOf({ plugin, tool }: CallRoute['Params'], asked: Asked): CallRequest {
  const { params, timeout_ms: timeoutMs, idempotency_key: idempotencyKey } = asked.body ?? {};
  const { tenant, scopes } = asked.caller;
  // Whoever sends a key may ask again for the outcome, so a lost connection does not cancel the call.
  const signal = idempotencyKey === undefined ? asked.gone : undefined;
  return { plugin, tool, params, tenant, timeoutMs, signal, idempotencyKey, scopes };
}

/** Resolves with the body: a promise of the reply would be waited for twice. */
async function answerWhole({ host, log }: DataPlane, request: CallRequest, reply: FastifyReply): Promise<string> {
  const outcome = await host.call(request);
  logCall(log, outcome);
  return headed(reply, outcome);
}

async function answerInPieces(
  { host, log }: DataPlane,
  request: CallRequest,
  reply: FastifyReply,
): Promise<string | FastifyReply> {
  const { outcome, isWritten } = await streamCall(host, request, reply);
  logCall(log, outcome);
  return isWritten ? reply : headed(reply, outcome);
}

/** One line for each call, with tenant and call id (DESIGN 12). Never params, values, output or tokens. */
export function logCall(log: Log, end: Outcome): void {
  const { tenant, call_id, plugin, target, duration_ms, queue_ms } = end.call;
  const [outcome, code] = end.ok ? ['ok'] : [end.error.kind, end.error.code];
  const { trace_id, span_id } = traceFields();
  // What is undefined is not written.
  log.info({ tenant, call_id, plugin, target, outcome, code, duration_ms, queue_ms, trace_id, span_id }, 'call');
}

/** Sets what goes before the body, and returns the body. */
function headed(reply: FastifyReply, outcome: Outcome): string {
  const { status, headers, body } = encodeOutcome(outcome);
  reply.code(status).headers(headers);
  return body;
}
