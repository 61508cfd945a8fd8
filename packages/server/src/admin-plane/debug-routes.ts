/**
 * What the host knows of a plugin, for the admin of the tenant that has it. Numbers of processes are the platform's to see.
 */
import type { FastifyInstance } from 'fastify';
import type { Host } from '@bulkhead/host';
import { HEALTH_WORDS, LIFECYCLE_STATES, TIERS } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import { LogLineSchema } from './log-routes.ts';
import { insistOnOwnPlugin } from './own-plugin.ts';
import { callerOf } from '../door/principal.ts';
import { ErrorBodySchema, PluginHealthSchema, PluginParamsSchema } from '../schemas.ts';

const nullableText = Type.Union([Type.String(), Type.Null()]);
const time = Type.String({ format: 'date-time' });
const figure = Type.Union([Type.Number(), Type.Null()], { description: 'Null where it is not known.' });

const InstanceSchema = Type.Object({
  instance_id: Type.String(),
  scope: Type.Enum(['tenant', 'call', 'shared'], {
    description: 'Whom it serves; `shared` is for the platform token alone.',
  }),
  pid: Type.Optional(Type.Integer({ description: 'For the platform token alone.' })),
  version: Type.String(),
  digest: Type.String(),
  tier: Type.Enum(TIERS),
  state: Type.String(),
  uptime_seconds: Type.Number(),
  calls_in_flight: Type.Integer(),
  cpu_ms: figure,
  rss_bytes: figure,
  peak_rss_bytes: figure,
  thread_count: figure,
  open_handles: figure,
});

const CallSchema = Type.Object({
  call_id: Type.String(),
  target: Type.String(),
  digest: nullableText,
  started_at: time,
  ended_at: Type.Union([time, Type.Null()]),
  outcome: nullableText,
  code: nullableText,
  duration_ms: figure,
});

const TransitionSchema = Type.Object({
  plugin: Type.String(),
  scope: Type.String({ description: '`*` for what concerns every tenant.' }),
  digest: Type.String(),
  from: Type.Enum(LIFECYCLE_STATES),
  to: Type.Enum(LIFECYCLE_STATES),
  cause: Type.String(),
  reason: nullableText,
  at: time,
  last_at: time,
  times: Type.Integer(),
});

const ThreadSchema = Type.Object({
  name: Type.String(),
  state: Type.Enum(['running', 'silent', 'dead'], {
    description: '`silent`: no heartbeat for 30 s; `dead`: it threw.',
  }),
  last_beat_seconds: Type.Number(),
  instance_id: Type.String(),
});

const RefusedSchema = Type.Object({
  what: Type.Enum(['file', 'child', 'network', 'environment']),
  target: Type.String({ description: 'A path, a program, an address or a variable.' }),
  error: Type.String({ description: 'Such as EACCES; `unset` of a variable.' }),
  permission: Type.Union([Type.String(), Type.Null()], {
    description: 'What would permit it; null where nothing does.',
  }),
  times: Type.Integer(),
  first_at: time,
  last_at: time,
});

const DebugSchema = Type.Object({
  plugin: Type.String(),
  tenant_id: Type.String(),
  status: Type.Union([PluginHealthSchema, Type.Null()]),
  memory_usage: Type.Object({ rss_bytes: figure, peak_rss_bytes: figure }),
  thread_count: figure,
  open_handles: figure,
  health_report: Type.Object(
    {
      status: Type.Enum(HEALTH_WORDS),
      message: Type.String(),
      metrics: Type.Record(Type.String(), Type.Unknown()),
      checked_at: Type.Union([time, Type.Null()]),
    },
    { description: 'What its health check said last, or the host in its place.' },
  ),
  threads: Type.Array(ThreadSchema),
  waiting_calls: Type.Integer({ description: 'Calls that wait for an instance.' }),
  instances: Type.Array(InstanceSchema),
  refused: Type.Array(RefusedSchema, {
    description: 'What an MCP server tried and was refused, as far as it says so; the newest last.',
  }),
  error_log: Type.Array(LogLineSchema, { description: 'The newest errors of the log, oldest first.' }),
  last_calls: Type.Union([Type.Array(CallSchema), Type.Null()], {
    description: 'Newest first; null while the storage is away.',
  }),
  transitions: Type.Array(TransitionSchema, { description: 'Oldest first.' }),
});

/** Adds `GET /api/v1/plugins/{name}/debug`. */
export function addDebugRoutes(app: FastifyInstance, host: Host): void {
  app.get<{ Params: Static<typeof PluginParamsSchema> }>(
    '/api/v1/plugins/:name/debug',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'What is known of a plugin for the tenant: instances, usage, last errors, last calls',
        security: [{ bearer: [] }],
        params: PluginParamsSchema,
        response: { 200: DebugSchema, 401: ErrorBodySchema, 403: ErrorBodySchema, 404: ErrorBodySchema },
      },
    },
    (request) => {
      const { name } = request.params;
      const caller = callerOf(request);
      insistOnOwnPlugin(host, name, caller);
      return host.debug(name, { tenant: caller.tenant, isPlatform: caller.isPlatform });
    },
  );
}
