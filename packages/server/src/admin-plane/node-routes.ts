/**
 * The nodes that share the storage, for whoever runs the platform. Answered from memory: it works while the storage is away,
 * and says then what was heard last.
 */
import type { FastifyInstance } from 'fastify';
import type { Host, NodeView } from '@bulkhead/host';
import { BREAKER_STATES, HEALTH_WORDS, LIFECYCLE_STATES, TIERS } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import { ErrorBodySchema } from '../schemas.ts';

const nullableText = Type.Union([Type.String(), Type.Null()]);

const NodePluginSchema = Type.Object({
  name: Type.String(),
  state: Type.Enum(LIFECYCLE_STATES),
  health: Type.Enum(HEALTH_WORDS),
  breaker: Type.Enum(BREAKER_STATES),
  version: nullableText,
  reason: nullableText,
  success_count: Type.Integer(),
  error_count: Type.Integer(),
  last_used: nullableText,
});

const NodeSchema = Type.Object({
  id: Type.String(),
  host_name: Type.String(),
  version: Type.String({ description: 'Of Bulkhead.' }),
  tier: Type.Enum(TIERS),
  state: Type.Enum(['ready', 'draining', 'lost']),
  started_at: Type.String({ format: 'date-time' }),
  heartbeat_at: Type.String({ format: 'date-time', description: 'Its last sign of life.' }),
  is_self: Type.Boolean({ description: 'The node that answers.' }),
  plugins: Type.Array(NodePluginSchema),
});

/** Adds `GET /api/v1/nodes`. */
export function addNodeRoutes(app: FastifyInstance, { nodes }: Pick<Host, 'nodes'>): void {
  app.get(
    '/api/v1/nodes',
    {
      config: { access: 'platform' },
      schema: {
        summary: 'The nodes that share the storage, in order of their starts, each with its plugins',
        security: [{ bearer: [] }],
        response: { 200: Type.Array(NodeSchema), 401: ErrorBodySchema, 403: ErrorBodySchema },
      },
    },
    () => nodes.list().map(listedNode),
  );
}

/** Whoever asks holds the platform token, and so reads the full reasons. */
function listedNode({ plugins, ...node }: NodeView): Static<typeof NodeSchema> {
  return {
    ...node,
    plugins: plugins.map(({ full_reason: reason, is_released: _isReleased, ...plugin }) => ({ ...plugin, reason })),
  };
}
