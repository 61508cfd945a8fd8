/**
 * Claims of workers that cannot reach the database, since it is embedded in the server (DESIGN 10). A worker's token opens
 * these routes and no others. There is no task queue yet, which is what they answer.
 */
import type { FastifyInstance } from 'fastify';
import { HostError } from '@bulkhead/host';
import { Type } from 'typebox';
import { ErrorBodySchema } from '../schemas.ts';

const WORDS_MAX = 16;
const WORD_CHARACTERS_MAX = 64;
const word = Type.String({ minLength: 1, maxLength: WORD_CHARACTERS_MAX });

const ClaimSchema = Type.Object(
  { worker_id: word, tags: Type.Array(word, { maxItems: WORDS_MAX, uniqueItems: true }) },
  { additionalProperties: false },
);
const HeartbeatSchema = Type.Object({ worker_id: word, task_id: word }, { additionalProperties: false });
const CompleteSchema = Type.Object(
  { worker_id: word, task_id: word, result: Type.Record(Type.String(), Type.Unknown()) },
  { additionalProperties: false },
);

const ROUTES = [
  { path: '/v1/worker/claim', summary: 'Claim a task whose requirements the tags fulfil', body: ClaimSchema },
  { path: '/v1/worker/heartbeat', summary: 'Say that a claimed task is being worked on', body: HeartbeatSchema },
  { path: '/v1/worker/complete', summary: 'Hand in the result of a claimed task', body: CompleteSchema },
] as const;

/** Adds `POST /v1/worker/claim`, `/v1/worker/heartbeat` and `/v1/worker/complete`. */
export function addWorkerRoutes(app: FastifyInstance): void {
  for (const { path, summary, body } of ROUTES) {
    app.post(
      path,
      {
        config: { access: 'worker' },
        schema: {
          summary,
          security: [{ bearer: [] }],
          body,
          response: { 401: ErrorBodySchema, 403: ErrorBodySchema, 422: ErrorBodySchema, 503: ErrorBodySchema },
        },
      },
      () => {
        throw new HostError('QUEUE_NOT_INSTALLED');
      },
    );
  }
}
