/**
 * The queue of a server as its workers reach it: claim, heartbeat and complete over HTTP (DESIGN 10). What the network or the server does is told
 * in the words of the queue: where it is away, `STORAGE_UNAVAILABLE`, which may be gone at the next try.
 */
import { text } from 'node:stream/consumers';
// Not of the protocol's: what every verb loads of that would have the parser in it, with all that it needs.
import { parseTask } from '@bulkhead/evolve/workers';
import {
  HostError,
  type LeaseAnswer,
  type TaskBacklog,
  type TaskClaim,
  type TaskLease,
  type TaskQueue,
} from '@bulkhead/host';
import { isErrorCode, isJsonObject } from '@bulkhead/protocol';
import { askAdmin } from './ask.ts';
import { parseRefusal } from './remote-error.ts';
import type { Remote } from './remote.ts';
import { sendRequest } from './send-request.ts';

/** The longest that a server lets a claim wait; the worker claims again. */
const WAIT_MS_MAX = 30_000;
/** Beyond a claim's own wait. */
const ANSWER_MS = 15_000;
const LEASE_ANSWERS: readonly LeaseAnswer[] = ['held', 'lost', 'cancelled'];

/** Makes the queue of a server, for workers; it keeps nothing open. @throws HostError by each method, see above. */
export function createHttpTaskQueue(remote: Remote): Pick<TaskQueue, 'claim' | 'heartbeat' | 'complete'> {
  return {
    claim: (claim) => claimOver(remote, claim),
    heartbeat: (lease, lease_ms) => askLease(remote, 'heartbeat', { lease, lease_ms }),
    complete: (lease, result) => askLease(remote, 'complete', { lease, result }),
  };
}

/** Reads what waits, by kind and tags. @throws As askAdmin; a worker's token may not read it. */
export async function readBacklog(remote: Remote): Promise<readonly TaskBacklog[]> {
  const { value } = await askAdmin<readonly TaskBacklog[]>(remote, { path: '/api/v1/tasks/backlog' });
  if (Array.isArray(value)) return value;
  throw foreign(remote.server);
}

async function claimOver(remote: Remote, claim: TaskClaim): Promise<TaskLease | undefined> {
  const { worker_id, tags, lease_ms, kinds, not, signal } = claim;
  if (signal?.aborted === true) return undefined;
  const wait_ms = Math.min(claim.wait_ms, WAIT_MS_MAX);
  const wishes = { ...(kinds !== undefined && { kinds }), ...(not !== undefined && { not }) };
  const body = { worker_id, tags, lease_ms, wait_ms, ...wishes };
  const ask = { path: '/v1/worker/claim', body, waitMs: body.wait_ms, signal };
  try {
    const said = await post(remote, ask);
    return said === undefined ? undefined : leaseOf(remote, said);
  } catch (error) {
    // Whoever stops waiting is given nothing; what was claimed meanwhile goes back by the server, or with its lease.
    if (signal?.aborted) return undefined;
    throw error;
  }
}

/** The task is the server's, and is looked at like anybody's. */
function leaseOf({ server }: Remote, said: unknown): TaskLease {
  const { task, tenant_id: tenant, lease } = isJsonObject(said) ? said : {};
  if (typeof tenant !== 'string' || typeof lease !== 'string' || !isJsonObject(task)) throw foreign(server);
  const parsed = parseTask(task);
  // One of a later schema is answered for by the worker, which is why it is let pass (X000-5).
  if (parsed.ok) return { task: parsed.task, tenant_id: tenant, lease };
  if (parsed.kind === 'invalid' || parsed.task_id === null) throw foreign(server);
  const later = { kind: 'execute', id: parsed.task_id, payload: {}, requires: [], attempts: 0 } as const;
  return {
    task: { ...later, created_at: '1970-01-01T00:00:00Z', schema_v: parsed.schema_v },
    ...{ tenant_id: tenant, lease },
  };
}

async function askLease(remote: Remote, what: 'heartbeat' | 'complete', body: object): Promise<LeaseAnswer> {
  const said = await post(remote, { path: `/v1/worker/${what}`, body, waitMs: 0, signal: undefined });
  const answer = isJsonObject(said) ? LEASE_ANSWERS.find((word) => word === said['lease']) : undefined;
  if (answer === undefined) throw foreign(remote.server);
  return answer;
}

type Asked = {
  readonly path: string;
  readonly body: object;
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
};

const NO_CONTENT = 204;
const SERVER_FAULT = 500;

async function post({ server, token }: Remote, { path, body, waitMs, signal }: Asked): Promise<unknown> {
  const limit = AbortSignal.timeout(waitMs + ANSWER_MS);
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const said = await sendRequest(new URL(path, server), {
    ...{ method: 'POST', headers, body: JSON.stringify(body) },
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
  })
    .then(async ({ status, isOk, stream }) => ({ status, isOk, body: await text(stream) }))
    .catch((cause: unknown) => {
      throw away(server, 'does not answer', cause);
    });
  if (said.status === NO_CONTENT) return undefined;
  const value = parsedOf(said.body);
  if (said.isOk && value !== undefined) return value;
  throw refusalOf(server, said.status, value);
}

function parsedOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // No Bulkhead's: whoever reads it finds nothing in it.
  }
}

/** A proxy before a server that is down says so by a number alone. */
function refusalOf(server: string, status: number, value: unknown): HostError {
  const refused = parseRefusal(value);
  if (refused !== undefined && isErrorCode(refused.code))
    return new HostError(refused.code, { message: refused.detail, hint: refused.hint });
  return status >= SERVER_FAULT ? away(server, `answers with status ${status}`) : foreign(server);
}

function away(server: string, what: string, cause?: unknown): HostError {
  return new HostError('STORAGE_UNAVAILABLE', {
    message: `the queue of ${server} is away: it ${what}`,
    hint: 'Start the server, or name another with --server; the worker goes on once it answers.',
    cause,
  });
}

function foreign(server: string): HostError {
  return new HostError('VALIDATION_FAILED', {
    message: `${server} answers, but not as the queue of a Bulkhead does`,
    hint: 'Look at --server; a server that is older than the worker has no queue.',
  });
}
