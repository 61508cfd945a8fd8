/**
 * The log of a plugin, for the admin of the tenant that has it: page by page, or followed as server-sent events. With the
 * platform token it is that of the tenant which the request names, and shows where folders are.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Host, PluginLogPage } from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import type { Followers } from './log-followers.ts';
import { callerOf } from '../door/principal.ts';
import { insistOnOwnPlugin, isOwnPlugin } from './own-plugin.ts';
import { ErrorBodySchema, PluginParamsSchema } from '../schemas.ts';

/** What the route needs of the server: the streams, and whether a request would still be let in. */
export type LogPlane = {
  readonly host: Host;
  readonly followers: Followers;
  readonly isAdmitted: (request: FastifyRequest) => boolean;
};

const LINES_DEFAULT = 200;
/** Of a stream, at a time: what one write may hold. */
const FOLLOWED_LINES_MAX = 100;

const QuerySchema = Type.Object({
  after: Type.Optional(
    Type.String({
      pattern: '^[0-9a-f]{8}\\.\\d{1,15}$',
      description: 'A cursor: lines after it. Without: the newest.',
    }),
  ),
  limit: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,3}$', description: `${LINES_DEFAULT} where left out.` })),
  follow: Type.Optional(
    Type.Enum(['true', 'false'], { description: 'As server-sent events, for as long as one reads.' }),
  ),
});

/** A line of a plugin’s log. */
export const LogLineSchema = Type.Object({
  cursor: Type.String(),
  at: Type.String({ format: 'date-time' }),
  source: Type.Enum(['logger', 'stdout', 'stderr', 'host', 'state']),
  level: Type.Union([Type.Enum(['debug', 'info', 'warn', 'error']), Type.Null()], { description: 'Null for pipes.' }),
  text: Type.String(),
  fields: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()]),
  instance_id: Type.Union([Type.String(), Type.Null()]),
  call_id: Type.Union([Type.String(), Type.Null()]),
});

const PageSchema = Type.Object({
  lines: Type.Array(LogLineSchema),
  next: Type.String({ description: 'The cursor to go on after.' }),
  has_gap: Type.Boolean({ description: 'Lines before these are no longer kept.' }),
});

type LogRoute = { Params: Static<typeof PluginParamsSchema>; Querystring: Static<typeof QuerySchema> };

/** Adds `GET /api/v1/plugins/{name}/logs`. */
export function addLogRoutes(app: FastifyInstance, plane: LogPlane): void {
  app.get<LogRoute>(
    '/api/v1/plugins/:name/logs',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'What a plugin said for the tenant, and what became of it; kept in memory',
        description:
          'With follow=true: events whose data is a line and whose id is its cursor; `gap` where lines are lost.',
        security: [{ bearer: [] }],
        params: PluginParamsSchema,
        querystring: QuerySchema,
        response: {
          200: PageSchema,
          ...{ 401: ErrorBodySchema, 403: ErrorBodySchema, 404: ErrorBodySchema, 422: ErrorBodySchema },
          429: ErrorBodySchema,
        },
      },
    },
    (request, reply) => {
      const { name } = request.params;
      const caller = callerOf(request);
      insistOnOwnPlugin(plane.host, name, caller);
      const limit = Math.min(Number(request.query.limit ?? LINES_DEFAULT), LIMITS.journal_lines.value);
      if (request.query.follow !== 'true')
        return reply.send(pageOf(plane.host, request, { after: afterOf(request), limit }));
      follow(plane, request, { response: reply.raw, limit });
      return reply.hijack();
    },
  );
}

type Wanted = { readonly after: string | undefined; readonly limit: number };

function pageOf(host: Host, request: FastifyRequest<LogRoute>, { after, limit }: Wanted): PluginLogPage {
  const { tenant, isPlatform } = callerOf(request);
  return host.logs.read(request.params.name, { tenant, after, linesMax: limit, isPlatform });
}

/** A client that reconnects by itself says where it was in a header, and the header is newer than the address. */
function afterOf({ query, headers }: FastifyRequest<LogRoute>): string | undefined {
  const last = headers['last-event-id'];
  return typeof last === 'string' && last !== '' ? last : query.after;
}

type Stream = { readonly response: ServerResponse; readonly limit: number };

function follow(
  { host, followers, isAdmitted }: LogPlane,
  request: FastifyRequest<LogRoute>,
  { response, limit }: Stream,
): void {
  const { name } = request.params;
  const caller = callerOf(request);
  followers.open({
    tenant: caller.tenant,
    response,
    after: afterOf(request),
    read: (after) => pageOf(host, request, { after, limit: after === undefined ? limit : FOLLOWED_LINES_MAX }),
    watch: (didAdd) => host.logs.watch(name, caller, didAdd),
    isAllowed: () => isAdmitted(request) && isOwnPlugin(host, name, caller),
  });
}
