/**
 * What requests and answers look like, as JSON Schema: `/openapi.json` publishes it, and requests are checked by it.
 */
import { BREAKER_STATES, HEALTH_WORDS, LIFECYCLE_STATES, LIMITS, OUTCOME_KINDS, TIERS } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';

const nullableText = Type.Union([Type.String(), Type.Null()]);
const number = (description: string) => Type.Number({ description });

/** Body of a tool call (DESIGN 9). */
export const CallBodySchema = Type.Object(
  {
    params: Type.Optional(Type.Unknown({ description: 'Checked against the tool’s own schema; `{}` where left out.' })),
    timeout_ms: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Clipped to the plugin’s own limit, which is also the default.' }),
    ),
    idempotency_key: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: LIMITS.idempotency_key_characters.value,
        description: 'Same key and params within 24 hours: the stored outcome is answered and nothing runs again.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Body of a tool call, checked. */
export type CallBody = Static<typeof CallBodySchema>;

/** Health of one plugin; four fields are always there (F001-41, F001-42, X001-2). */
export const PluginHealthSchema = Type.Object({
  name: Type.String(),
  state: Type.Enum(LIFECYCLE_STATES),
  success_count: Type.Integer(),
  error_count: Type.Integer(),
  description: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String({ description: 'Why the plugin is FAILED or UNAVAILABLE, and the cure.' })),
  version: Type.Optional(Type.String()),
  uptime_seconds: Type.Optional(Type.Number()),
  last_used: Type.Optional(Type.String({ format: 'date-time' })),
  last_execution_time_ms: Type.Optional(Type.Number()),
  avg_execution_time_ms: Type.Optional(number('Over the last 10 runs.')),
  health: Type.Optional(Type.Enum(HEALTH_WORDS)),
  health_message: Type.Optional(
    Type.String({ description: 'Why `health` is that word, where whoever asks may read what the plugin says.' }),
  ),
  breaker: Type.Optional(Type.Enum(BREAKER_STATES)),
  tier: Type.Optional(Type.Enum(TIERS)),
});

/** Error of the health and admin planes. */
export const ErrorBodySchema = Type.Object({
  detail: Type.String(),
  code: Type.String({ description: 'Of docs/errors.md.' }),
  hint: Type.String({ description: 'The next step.' }),
});

/** One finding of a review or of a manifest check. */
export const FindingSchema = Type.Object({
  id: Type.String(),
  severity: Type.Enum(['error', 'warning', 'info']),
  path: Type.String(),
  line: Type.Union([Type.Integer(), Type.Null()]),
  message: Type.String(),
  hint: Type.String(),
});

const CallReportSchema = Type.Object({
  call_id: Type.String(),
  plugin: Type.String(),
  version: nullableText,
  digest: nullableText,
  tenant: Type.String(),
  target: Type.String(),
  instance_id: nullableText,
  tier: Type.Union([Type.Enum(TIERS), Type.Null()]),
  duration_ms: Type.Number(),
  queue_ms: Type.Number(),
  cpu_ms: Type.Union([Type.Number(), Type.Null()]),
  peak_rss_bytes: Type.Union([Type.Number(), Type.Null()]),
  stdout: Type.String(),
  stderr: Type.String(),
  metadata: Type.Optional(Type.Object({}, { additionalProperties: true })),
});

const CallErrorSchema = Type.Object({
  kind: Type.Enum(OUTCOME_KINDS),
  code: Type.String({ description: 'Of docs/errors.md; it decides the status.' }),
  message: Type.String(),
  hint: Type.String(),
  retryable: Type.Boolean(),
  limit: Type.Optional(
    Type.Object({
      name: Type.String(),
      allowed: Type.Number(),
      observed: Type.Number(),
      unit: Type.String(),
    }),
  ),
  retry_after_ms: Type.Optional(Type.Integer({ description: 'When it is worth another try, where that is known.' })),
});

/** How a call ended (DESIGN 4). */
export const OutcomeSchema = Type.Union([
  Type.Object({ ok: Type.Literal(true), value: Type.Unknown(), call: CallReportSchema }),
  Type.Object({ ok: Type.Literal(false), error: CallErrorSchema, call: CallReportSchema }),
]);

/** One row of `GET /v1/tools`. */
export const ListedToolSchema = Type.Object({
  plugin: Type.String(),
  name: Type.String(),
  description: Type.String(),
  parameters: Type.Object({}, { additionalProperties: true }),
  returns: Type.Optional(Type.Object({}, { additionalProperties: true })),
  idempotent: Type.Boolean(),
  needs_approval: Type.Boolean(),
  required_permissions: Type.Array(Type.String()),
  mcp_name: Type.Optional(Type.String({ description: 'Of an MCP server: its own name of the tool.' })),
  annotations: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Its hints.' })),
});

/** A release after a reload. */
export const ReloadedSchema = Type.Object({
  name: Type.String(),
  version: Type.String(),
  digest: Type.Optional(Type.String()),
  state: Type.Enum(LIFECYCLE_STATES),
  reason: Type.Optional(Type.String()),
  findings: Type.Array(FindingSchema),
});

/** What came of reloading every plugin. */
export const ReloadedAllSchema = Type.Object({
  reloaded: Type.Array(ReloadedSchema),
  refused: Type.Array(Type.Object({ name: Type.String(), code: Type.String(), reason: Type.String() })),
});

/** What the sandbox of a plugin was measured to be: protocol's Receipt. */
export const ReceiptSchema = Type.Object({
  tier: Type.String(),
  layers: Type.Array(Type.Object({ name: Type.String(), holds: Type.Boolean(), how: Type.String() })),
  above: Type.Array(Type.Object({ tier: Type.String(), reason: Type.String() })),
  kernel: Type.String(),
  node: Type.String(),
  checked_at: Type.String(),
});

/** Path parameter of the plugin routes. Any text is taken: what is no plugin is not found. */
export const PluginParamsSchema = Type.Object({ name: Type.String() });
/** Path parameters of a tool call. */
export const ToolParamsSchema = Type.Object({ plugin: Type.String(), tool: Type.String() });
/** Answer of `/healthz` and `/readyz`. */
export const StatusSchema = Type.Object({ status: Type.String() });
