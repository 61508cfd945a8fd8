/**
 * The queue of tasks, on the admin plane: lists, what waits, and dead letters that are sent back. A tenant's admin reaches its own tasks;
 * the platform those of all tenants, or of the one that it names.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HostError, type DeadTasks, type TaskQueue } from '@bulkhead/host';
import { LIMITS, TASK_KINDS } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import { KeptTaskSchema, actorOf, keptTask, queueOf } from '../data-plane/task-routes.ts';
import { TaskIdSchema, TaskKindSchema, isTaskId } from '../data-plane/task-wire.ts';
import { reachOf } from '../door/principal.ts';
import { ErrorBodySchema } from '../schemas.ts';

/** The part of the server that these routes need. */
export type QueuePlane = { readonly tasks: TaskQueue | undefined };

const security = [{ bearer: [] }];
const errors = { 401: ErrorBodySchema, 403: ErrorBodySchema, 422: ErrorBodySchema, 503: ErrorBodySchema } as const;

const STATES = ['queued', 'active', 'done', 'dead', 'cancelled'] as const;
const text = (description: string) => Type.Optional(Type.String({ description }));
const ListQuerySchema = Type.Object({
  state: text(`One of ${STATES.join(', ')}.`),
  kind: text(`One of ${TASK_KINDS.join(', ')}.`),
  before: text('Id of the last task seen, for the next page.'),
  limit: text(`At most so many tasks, 100 where it is left out and never more than ${LIMITS.tasks_listed.value}.`),
});
const PageSchema = Type.Object({
  tasks: Type.Array(KeptTaskSchema, { description: 'Newest first, without payloads and the data of results.' }),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'The `before` of the next page; null: none is there.',
  }),
});
const BacklogSchema = Type.Array(
  Type.Object({
    kind: TaskKindSchema,
    requires: Type.Array(Type.String()),
    queued: Type.Integer(),
    active: Type.Integer(),
    oldest_ms: Type.Number({ description: 'How long the oldest that may be claimed has waited.' }),
    unschedulable: Type.Integer({ description: 'Of those queued, how many no worker that is there would be given.' }),
  }),
);
const RetrySchema = Type.Object(
  {
    ids: Type.Optional(Type.Array(TaskIdSchema, { minItems: 1, maxItems: LIMITS.tasks_listed.value })),
    kind: Type.Optional(TaskKindSchema),
  },
  { additionalProperties: false, description: 'Either of both.' },
);

/** Adds `GET /api/v1/tasks`, `GET /api/v1/tasks/backlog` and `POST /api/v1/tasks/dead/retry`. */
export function addQueueRoutes(app: FastifyInstance, plane: QueuePlane): void {
  addListing(app, plane);
  app.get(
    '/api/v1/tasks/backlog',
    {
      config: { access: 'platform' },
      schema: {
        summary: 'What waits and is worked on, of all tenants, by kind and tags',
        ...{ security, response: { 200: BacklogSchema, ...errors } },
      },
    },
    () => queueOf(plane).backlog(),
  );
  app.post<{ Body: Static<typeof RetrySchema> }>(
    '/api/v1/tasks/dead/retry',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Send dead letters back, by their ids or all of a kind; they begin anew',
        ...{ security, body: RetrySchema },
        response: { 200: Type.Object({ retried: Type.Integer() }), ...errors },
      },
    },
    async (request) => ({ retried: await queueOf(plane).retryDead(readDead(request), actorOf(request)) }),
  );
}

function addListing(app: FastifyInstance, plane: QueuePlane): void {
  app.get<{ Querystring: Static<typeof ListQuerySchema> }>(
    '/api/v1/tasks',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Tasks, newest first',
        ...{ security, querystring: ListQuerySchema, response: { 200: PageSchema, ...errors } },
      },
    },
    (request) => readPage(queueOf(plane), request.query, reachOf(request)),
  );
}

const TASKS_DEFAULT = 100;

async function readPage(
  queue: TaskQueue,
  query: Static<typeof ListQuerySchema>,
  tenant: string | undefined,
): Promise<Static<typeof PageSchema>> {
  const { before, limit = String(TASKS_DEFAULT) } = query;
  const [state, kind] = [readWord('state', query.state, STATES), readWord('kind', query.kind, TASK_KINDS)];
  if (before !== undefined && !isTaskId(before)) throw unexpected('before', before, 'the id of a task');
  if (!/^\d{1,9}$/.test(limit)) throw unexpected('limit', limit, 'a whole number');
  const rowsMax = Math.min(Math.max(1, Number(limit)), LIMITS.tasks_listed.value);
  const listed = await queue.list({
    ...{ rowsMax, isBrief: true },
    ...(tenant !== undefined && { tenant }),
    ...(state !== undefined && { state }),
    ...(kind !== undefined && { kind }),
    ...(before !== undefined && { before }),
  });
  const next = listed.length === rowsMax ? (listed.at(-1)?.task.id ?? null) : null;
  return { tasks: listed.map(keptTask), next };
}

function readDead(request: FastifyRequest<{ Body: Static<typeof RetrySchema> }>): DeadTasks {
  const { ids, kind } = request.body;
  const tenant = reachOf(request);
  const of = tenant === undefined ? {} : { tenant };
  if (ids !== undefined && kind === undefined) return { ids, ...of };
  if (kind !== undefined && ids === undefined) return { kind, ...of };
  throw new HostError('VALIDATION_FAILED', { message: 'the body has to name either "ids" or "kind", and not both' });
}

function readWord<Word extends string>(
  field: string,
  given: string | undefined,
  words: readonly Word[],
): Word | undefined {
  const found = words.find((word) => word === given);
  if (found === undefined && given !== undefined) throw unexpected(field, given, `one of ${words.join(', ')}`);
  return found;
}

function unexpected(field: string, given: string, expected: string): HostError {
  return new HostError('VALIDATION_FAILED', {
    message: `${field} is ${JSON.stringify(given.slice(0, 80))}; expected ${expected}`,
  });
}
