/**
 * What requests about agents' runs look like, and runs.
 */
import { AGENT_RUN_STATUSES, LIMITS } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';

const text = (description: string) => Type.Optional(Type.String({ description }));
const STREAM = Type.Optional(
  Type.Boolean({ description: 'Answers a UI message stream of the AI SDK (server-sent events) in place of JSON.' }),
);
const TIMEOUT = Type.Optional(
  Type.Integer({
    minimum: 1,
    description: `Milliseconds; clipped to ${LIMITS.agent_run_ms.value}, which is also the default.`,
  }),
);

/** Body of `POST /v1/agents/runs` (DESIGN 9). `id`, `trigger` and `messageId` are what the AI SDK's chat transport sends beside. */
export const RunBodySchema = Type.Object(
  {
    prompt: text('What is asked; or give `messages`.'),
    messages: Type.Optional(
      Type.Array(Type.Object({ role: Type.String() }, { additionalProperties: true }), {
        minItems: 1,
        description: 'A chat: `{role, content}` each, or messages of the AI SDK’s UI with `parts`.',
      }),
    ),
    instructions: text('How the agent is to behave; put before all messages.'),
    backend: text('One of the tenant’s backends; chosen by weight where it is left out.'),
    max_steps: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LIMITS.agent_steps.value,
        description: 'Answers of the model; 20 where it is left out.',
      }),
    ),
    budget: Type.Optional(
      Type.Object(
        {
          tokens: Type.Optional(Type.Integer({ minimum: 1, description: 'In and out together.' })),
          usd: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
        },
        { additionalProperties: false, description: 'Nothing is begun once it is used up.' },
      ),
    ),
    plugins: Type.Optional(
      Type.Array(Type.String(), { description: 'Whose tools may be asked for; all where it is left out.' }),
    ),
    timeout_ms: TIMEOUT,
    stream: STREAM,
    id: Type.Optional(Type.String()),
    trigger: Type.Optional(Type.String()),
    messageId: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

/** Body of `POST /v1/agents/runs/{id}/approvals`. */
export const ApprovalsBodySchema = Type.Object(
  {
    approvals: Type.Array(
      Type.Object(
        {
          id: Type.String({ description: 'Of the run’s `approvals`.' }),
          approved: Type.Boolean(),
          reason: text('Told to the model.'),
        },
        { additionalProperties: false },
      ),
    ),
    plugins: RunBodySchema.properties.plugins,
    timeout_ms: TIMEOUT,
    stream: STREAM,
  },
  { additionalProperties: false },
);

/** Path parameter of one run. Any text is taken: what is no run is not found. */
export const RunParamsSchema = Type.Object({ id: Type.String() });

/** Which runs are listed. */
export const RunsQuerySchema = Type.Object({
  before: text('Runs before the one of this id; left out, the newest.'),
  limit: text('At most so many, 20 where it is left out and never more than 100.'),
});

/** A run, as protocol's AgentRun says. */
export const RunSchema = Type.Object({
  id: Type.String(),
  tenant_id: Type.String(),
  status: Type.Enum(AGENT_RUN_STATUSES),
  stop_reason: Type.Union([Type.Enum(['answered', 'step_limit', 'budget']), Type.Null()]),
  backend: Type.Union([Type.String(), Type.Null()]),
  max_steps: Type.Integer(),
  budget: Type.Object({}, { additionalProperties: true }),
  text: Type.String(),
  steps: Type.Array(Type.Object({}, { additionalProperties: true })),
  approvals: Type.Array(
    Type.Object({ id: Type.String(), name: Type.String(), params: Type.Object({}, { additionalProperties: true }) }),
  ),
  usage: Type.Object({ input_tokens: Type.Integer(), output_tokens: Type.Integer() }),
  cost_usd: Type.Number(),
  error: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()]),
  created_at: Type.String({ format: 'date-time' }),
  ended_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
});

/** Body of a run, checked. */
export type RunBody = Static<typeof RunBodySchema>;

/** Body of decisions, checked. */
export type ApprovalsBody = Static<typeof ApprovalsBodySchema>;
