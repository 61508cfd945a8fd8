/**
 * For tests: a queue in memory behind the three routes that workers ask (DESIGN 10), on a real socket, so that a test sees and steers it.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import {
  createMemoryTaskQueue,
  type AuditedResult,
  type NewTask,
  type TaskClaim,
  type TaskQueue,
} from '@bulkhead/host';
import type { Task } from '@bulkhead/protocol';

/** The one token that it takes. */
export const QUEUE_TOKEN = 'a-token-of-a-worker';

/** A server of tasks; while `isAway` it answers 503, while `refusesResults` only whoever hands one in. `claims` are the bodies that came. */
export type QueueServer = AsyncDisposable & {
  readonly url: string;
  readonly queue: TaskQueue;
  readonly claims: TaskClaim[];
  readonly state: { isAway: boolean; refusesResults: boolean };
};

/** Opens it on a free port. */
export async function openQueueServer(): Promise<QueueServer> {
  const queue = createMemoryTaskQueue();
  const state = { isAway: false, refusesResults: false };
  const claims: TaskClaim[] = [];
  const server = createServer((request, response) => void answer(request, response, { queue, state, claims }));
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    ...{ url: `http://127.0.0.1:${port}`, queue, claims, state },
    [Symbol.asyncDispose]: async () => {
      await queue.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** New tasks by their numbers. */
export function newTasks(numbers: readonly number[], more: Partial<Task> = {}): readonly NewTask[] {
  const least = { kind: 'execute', payload: {}, requires: ['cpu'], attempts: 0, schema_v: 1 } as const;
  return numbers.map((number) => ({
    task: { ...least, created_at: '2026-01-01T12:00:00Z', ...more, id: idOf(number) },
    tenant_id: 'default',
  }));
}

/** The id of a task by its number. */
export function idOf(number: number): string {
  return number.toString(16).padStart(16, '0');
}

type Parts = Pick<QueueServer, 'queue' | 'state' | 'claims'>;
type Body = { readonly lease: string; readonly lease_ms: number; readonly result: AuditedResult };

async function answer(request: IncomingMessage, response: ServerResponse, parts: Parts): Promise<void> {
  const body = request.method === 'POST' ? ((await json(request)) as Body & TaskClaim) : undefined; // The client's, under test.
  const [status, said] = await answerOf(request, response, { ...parts, body }).catch((): Answer => [503]);
  response.writeHead(status, { 'content-type': 'application/json' }).end(said && JSON.stringify(said));
}

type Answer = readonly [status: number, said?: unknown];
const REFUSED = { detail: 'the token is none', code: 'AUTH_REQUIRED', hint: 'Give another.' };

async function answerOf(
  { headers, url }: IncomingMessage,
  response: ServerResponse,
  { queue, state, claims, body }: Parts & { readonly body: (Body & TaskClaim) | undefined },
): Promise<Answer> {
  if (headers.authorization !== `Bearer ${QUEUE_TOKEN}`) return [401, REFUSED];
  if (state.isAway) return [503];
  if (url === '/api/v1/tasks/backlog') return [200, await queue.backlog()];
  if (body === undefined) return [404];
  if (url === '/v1/worker/heartbeat') return [200, { lease: await queue.heartbeat(body.lease, body.lease_ms) }];
  if (url === '/v1/worker/complete' && state.refusesResults) return [503];
  if (url === '/v1/worker/complete') return [200, { lease: await queue.complete(body.lease, body.result) }];
  claims.push(body);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const lease = await queue.claim({ ...body, signal: gone.signal });
  return lease === undefined ? [204] : [200, lease];
}
