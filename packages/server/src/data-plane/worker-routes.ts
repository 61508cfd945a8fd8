/**
 * Claims of workers that cannot reach the database, since it is embedded in the server (DESIGN 10). A worker's token opens these routes and
 * no others, and reaches the tasks of its own tenant alone. A server without a queue answers QUEUE_NOT_INSTALLED.
 *
 * WR1: A task whose claim was lost on the way is given back: nothing is counted against it, and it is the next to be claimed. Where that
 *      cannot be known, or done, its lease ends by itself.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  HostError,
  type AuditedResult,
  type LeaseAnswer,
  type Log,
  type QueueSeries,
  type TaskLease,
  type TaskQueue,
} from '@bulkhead/host';
import { Type, type Static } from 'typebox';
import { createGoneSignals } from '../door/gone-signals.ts';
import { callerOf, reachOf } from '../door/principal.ts';
import { ErrorBodySchema } from '../schemas.ts';
import { queueOf } from './task-routes.ts';
import {
  ClaimSchema,
  ClaimedSchema,
  CompleteSchema,
  HeartbeatSchema,
  LeaseAnswerSchema,
  readAuditedResult,
} from './task-wire.ts';
import type { TaskWaits } from './task-waits.ts';

/** The part of the server that these routes need. */
export type WorkerPlane = {
  readonly tasks: TaskQueue | undefined;
  readonly waits: TaskWaits;
  readonly log: Log;
  readonly series: Pick<QueueSeries, 'countResultFailure'> | undefined;
  /** Whether a request that was let in would be let in now, too. */
  readonly isAdmitted: (request: FastifyRequest) => boolean;
};

const config = { access: 'worker' } as const;
const security = [{ bearer: [] }];
const errors = {
  401: ErrorBodySchema,
  403: ErrorBodySchema,
  422: ErrorBodySchema,
  429: ErrorBodySchema,
  503: ErrorBodySchema,
} as const;

/** Adds `POST /v1/worker/claim`, `/v1/worker/heartbeat` and `/v1/worker/complete`. */
export function addWorkerRoutes(app: FastifyInstance, plane: WorkerPlane): void {
  addClaimRoute(app, plane);
  const answers = { 200: LeaseAnswerSchema, ...errors };
  app.post<{ Body: Static<typeof HeartbeatSchema> }>(
    '/v1/worker/heartbeat',
    {
      config,
      schema: {
        ...{ summary: 'Say that a claimed task is being worked on', security, body: HeartbeatSchema },
        response: answers,
      },
    },
    async (request) => {
      const { lease, lease_ms: leaseMs } = request.body;
      return answerOf(await queueOf(plane).heartbeat(lease, leaseMs, reachOf(request)));
    },
  );
  app.post<{ Body: Static<typeof CompleteSchema> }>(
    '/v1/worker/complete',
    {
      config,
      schema: {
        ...{ summary: 'Hand in the result of a claimed task', security, body: CompleteSchema },
        response: answers,
      },
    },
    async (request) => {
      const { lease, result } = request.body;
      return answerOf(await complete(plane, { lease, result: readAuditedResult(result), tenant: reachOf(request) }));
    },
  );
}

function addClaimRoute(app: FastifyInstance, plane: WorkerPlane): void {
  const goneOf = createGoneSignals();
  app.post<{ Body: Static<typeof ClaimSchema> }>(
    '/v1/worker/claim',
    {
      config,
      schema: {
        summary: 'Claim a task whose requirements the tags fulfil',
        description: 'Waits up to `wait_ms` for one; 204 where none came. A tenant’s worker is given its tasks only.',
        security,
        body: ClaimSchema,
        response: { 200: ClaimedSchema, 204: Type.Null({ description: 'Nothing is to be done.' }), ...errors },
      },
    },
    async (request, reply) => {
      const lease = await claim(plane, { request, gone: goneOf(request.raw.socket) });
      if (lease === undefined) return reply.code(204).send();
      giveBackUnread(plane, lease, reply);
      return lease;
    },
  );
}

type Claiming = {
  readonly request: FastifyRequest<{ Body: Static<typeof ClaimSchema> }>;
  /** Aborts when the connection is lost. */
  readonly gone: AbortSignal;
};

async function claim(plane: WorkerPlane, { request, gone }: Claiming): Promise<TaskLease | undefined> {
  const queue = queueOf(plane);
  const tenant = reachOf(request);
  using waiting = plane.waits.enter(callerOf(request).tenant, gone);
  const { signal } = waiting;
  const lease = await queue.claim({ ...request.body, ...(tenant !== undefined && { tenant }), signal });
  if (lease === undefined) return undefined;
  const isAdmitted = plane.isAdmitted(request);
  if (isAdmitted && !gone.aborted) return lease;
  await giveBack(plane, lease);
  if (!isAdmitted) throw new HostError('AUTH_REQUIRED');
  return undefined;
}

type Completion = {
  readonly lease: string;
  readonly result: AuditedResult;
  readonly tenant: string | undefined;
};

async function complete(plane: WorkerPlane, { lease, result, tenant }: Completion): Promise<LeaseAnswer> {
  const queue = queueOf(plane);
  try {
    return await queue.complete(lease, result, tenant);
  } catch (error) {
    // A result that is none is the worker's fault; any other was lost here (X000-13).
    if (!(error instanceof HostError && error.code === 'VALIDATION_FAILED')) plane.series?.countResultFailure();
    throw error;
  }
}

/** Keeps WR1 for a connection that ends before the answer has left. */
function giveBackUnread(plane: WorkerPlane, lease: TaskLease, { raw }: FastifyReply): void {
  raw.once('close', () => {
    if (!raw.writableFinished) void giveBack(plane, lease);
  });
}

async function giveBack({ tasks, log }: WorkerPlane, { task, tenant_id: tenant, lease }: TaskLease): Promise<void> {
  try {
    await tasks?.release(lease);
  } catch (error) {
    // Its lease ends by itself; it is claimed later, and one of the five that it may lose is counted.
    log.warn({ err: error, tenant, task: task.id }, 'a task that did not reach its worker was not given back');
  }
}

function answerOf(lease: LeaseAnswer): Static<typeof LeaseAnswerSchema> {
  return { lease };
}
