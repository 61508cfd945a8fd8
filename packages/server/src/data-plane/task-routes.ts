/**
 * Tasks over HTTP: given, looked at and cancelled by those whose they are. What is another tenant's is not there, in the same words as what
 * is nowhere.
 */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  HostError,
  TASK_QUEUE_BOUNDS,
  assertGivenTask,
  whyQueued,
  type NewTask,
  type QueuedTask,
  type TaskActor,
  type TaskQueue,
} from '@bulkhead/host';
import { LIMITS, TaskSchema, createTask, isJsonObject, type TaskSource } from '@bulkhead/protocol';
import { Type, type Static } from 'typebox';
import { createGoneSignals } from '../door/gone-signals.ts';
import { callerOf, reachOf } from '../door/principal.ts';
import { ErrorBodySchema } from '../schemas.ts';
import { IdParamsSchema } from '../admin-plane/tenant-schemas.ts';
import type { TaskBudget } from './task-budget.ts';
import type { TaskWaits } from './task-waits.ts';
import { AuditedResultSchema, RequiresSchema, TaskIdSchema, TaskKindSchema, isTaskId } from './task-wire.ts';

/** The part of the server that these routes need. */
export type TaskPlane = {
  readonly tasks: TaskQueue | undefined;
  readonly budget: TaskBudget | undefined;
  readonly waits: TaskWaits;
  readonly isDraining: () => boolean;
};

/** Where ids and times of new tasks come from. */
const SOURCE: TaskSource = { randomBytes, now: () => Date.now() };

const security = [{ bearer: [] }];
const errors = {
  401: ErrorBodySchema,
  403: ErrorBodySchema,
  404: ErrorBodySchema,
  422: ErrorBodySchema,
  503: ErrorBodySchema,
} as const;

const { priority, maxRetryMost } = TASK_QUEUE_BOUNDS;
const NewTaskSchema = Type.Object(
  {
    kind: TaskKindSchema,
    payload: Type.Optional(Type.Object({}, { description: 'What the handler of the kind is told.' })),
    requires: Type.Optional(RequiresSchema),
    priority: Type.Optional(Type.Integer({ minimum: -priority, maximum: priority, description: 'Higher goes first.' })),
    deadline: Type.Optional(Type.String({ maxLength: 64, description: 'ISO 8601; later nobody is given it.' })),
    max_retry: Type.Optional(
      Type.Integer({ minimum: 0, maximum: maxRetryMost, description: `${TASK_QUEUE_BOUNDS.maxRetry} where left out.` }),
    ),
    id: Type.Optional(TaskIdSchema),
  },
  { additionalProperties: false },
);
const WaitSchema = Type.Object({
  wait_ms: Type.Optional(
    Type.String({
      description: `Answers when the task ends, after so long at the latest: ${LIMITS.task_wait_ms.value}.`,
    }),
  ),
});
const time = Type.String({ format: 'date-time' });
const StateSchema = Type.Enum(['queued', 'active', 'done', 'dead', 'cancelled']);

/** A task as it is kept. */
export const KeptTaskSchema = Type.Object({
  task: TaskSchema,
  tenant_id: Type.String(),
  state: StateSchema,
  priority: Type.Integer(),
  max_retry: Type.Integer(),
  available_at: time,
  deadline: Type.Optional(time),
  worker_id: Type.Optional(Type.String({ description: 'Who has it.' })),
  lease_until: Type.Optional(time),
  reason: Type.Optional(Type.String({ description: 'Why it is dead, or why nobody is given it.' })),
  result: Type.Optional(AuditedResultSchema),
});

type WithId = { Params: Static<typeof IdParamsSchema> };

/** Adds `POST /v1/tasks`, and `GET` and `DELETE /v1/tasks/{id}`. */
export function addTaskRoutes(app: FastifyInstance, plane: TaskPlane): void {
  app.post<{ Body: Static<typeof NewTaskSchema> }>(
    '/v1/tasks',
    {
      config: { access: 'operator' },
      // What does not fit its schema is told by `assertGivenTask`, in the words that an opened store has for it.
      attachValidation: true,
      schema: {
        summary: 'Give a task to whatever worker is able to do it',
        description:
          'With an `id` that is there already nothing changes, so that whoever heard no answer may ask again.',
        ...{ security, body: NewTaskSchema },
        response: {
          202: Type.Object({ id: Type.String() }),
          ...{ ...errors, 409: ErrorBodySchema, 413: ErrorBodySchema, 429: ErrorBodySchema },
        },
      },
    },
    async (request, reply) => reply.code(202).send({ id: await give(plane, request) }),
  );
  addReading(app, plane);
  app.delete<WithId>(
    '/v1/tasks/:id',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Cancel a task that is not done; its worker learns of it by its next heartbeat',
        ...{ security, params: IdParamsSchema, response: { 200: KeptTaskSchema, ...errors } },
      },
    },
    async (request) => {
      const { task } = await findOwn(plane, request);
      const cancelled = await queueOf(plane).cancel(task.id, actorOf(request));
      if (cancelled === undefined) throw new HostError('TASK_NOT_FOUND');
      return keptTask(cancelled);
    },
  );
}

function addReading(app: FastifyInstance, plane: TaskPlane): void {
  const goneOf = createGoneSignals();
  app.get<WithId & { Querystring: Static<typeof WaitSchema> }>(
    '/v1/tasks/:id',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'A task with its state, and once it has ended its result',
        ...{ security, params: IdParamsSchema, querystring: WaitSchema },
        response: { 200: KeptTaskSchema, ...errors, 429: ErrorBodySchema },
      },
    },
    async (request) => {
      const waitMs = readWait(request.query.wait_ms);
      const found = await findOwn(plane, request);
      if (waitMs === 0 || plane.isDraining()) return waitingTask(plane, found);
      using wait = plane.waits.enter(callerOf(request).tenant, goneOf(request.raw.socket));
      const ended = await queueOf(plane).waitFor(found.task.id, waitMs, wait.signal);
      if (ended === undefined) throw new HostError('TASK_NOT_FOUND');
      return waitingTask(plane, ended);
    },
  );
}

/** Of one that is queued it is told where nobody could be given it: whoever waits shall not wait for nothing. */
async function waitingTask(plane: TaskPlane, kept: QueuedTask): Promise<Static<typeof KeptTaskSchema>> {
  const reason = await whyQueued(queueOf(plane), kept);
  return keptTask(reason === undefined ? kept : { ...kept, reason });
}

/** Who asks, for the audit log. */
export function actorOf(request: Pick<FastifyRequest, 'caller'>): TaskActor {
  return { actor: callerOf(request).actor, at: new Date(SOURCE.now()).toISOString() };
}

/** The queue of the server. @throws {HostError} `QUEUE_NOT_INSTALLED` where it has none. */
export function queueOf({ tasks }: Pick<TaskPlane, 'tasks'>): TaskQueue {
  if (tasks === undefined) throw new HostError('QUEUE_NOT_INSTALLED');
  return tasks;
}

/** Writes a task as it is kept; what is null is left out. */
export function keptTask(kept: QueuedTask): Static<typeof KeptTaskSchema> {
  const { task, tenant_id, state, max_retry, available_at, result } = kept;
  const { deadline, worker_id, lease_until, reason } = kept;
  return {
    task: { ...task, requires: [...task.requires] },
    ...{ tenant_id, state, priority: kept.priority, max_retry, available_at },
    ...(deadline !== null && { deadline }),
    ...(worker_id !== null && { worker_id }),
    ...(lease_until !== null && { lease_until }),
    ...(reason !== null && { reason }),
    ...(result !== null && { result: { ...result } }),
  };
}

async function give(
  plane: TaskPlane,
  request: FastifyRequest<{ Body: Static<typeof NewTaskSchema> }>,
): Promise<string> {
  const queue = queueOf(plane);
  if (plane.isDraining()) throw new HostError('HOST_CLOSED');
  if (isJsonObject(request.body)) assertGivenTask(request.body);
  if (request.validationError !== undefined) throw request.validationError;
  const { tenant } = callerOf(request);
  const given = newTaskOf(request.body, tenant);
  await plane.budget?.take(tenant);
  await queue.enqueue([given]);
  const { id } = given.task;
  // Of ids that we make no two are the same; one that somebody chose may be another tenant's.
  const isOwn = request.body.id === undefined || (await queue.get(id))?.tenant_id === tenant;
  if (!isOwn) throw new HostError('TASK_ID_TAKEN');
  return id;
}

function newTaskOf(body: Static<typeof NewTaskSchema>, tenant: string): NewTask {
  const { kind, payload, requires = [], deadline, max_retry, id } = body;
  const task = createTask({ kind, payload: isJsonObject(payload) ? payload : {}, requires }, SOURCE);
  return {
    ...{ task: id === undefined ? task : { ...task, id }, tenant_id: tenant },
    ...(body.priority !== undefined && { priority: body.priority }),
    ...(deadline !== undefined && { deadline }),
    ...(max_retry !== undefined && { max_retry }),
  };
}

async function findOwn(plane: TaskPlane, request: FastifyRequest<WithId>): Promise<QueuedTask> {
  const queue = queueOf(plane);
  const { id } = request.params;
  const found = isTaskId(id) ? await queue.get(id) : undefined;
  const tenant = reachOf(request);
  if (found === undefined || (tenant !== undefined && found.tenant_id !== tenant))
    throw new HostError('TASK_NOT_FOUND');
  return found;
}

function readWait(text = '0'): number {
  const [waitMs, most] = [/^\d{1,9}$/.test(text) ? Number(text) : Infinity, LIMITS.task_wait_ms.value];
  if (waitMs <= most) return waitMs;
  throw new HostError('VALIDATION_FAILED', {
    message: `wait_ms is ${JSON.stringify(text.slice(0, 80))}; expected a whole number up to ${most}`,
  });
}
