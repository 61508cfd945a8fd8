/**
 * One task, from a handler's choice to a result with who made it: the same for a worker and for whoever runs a task in its own process.
 *
 *   schema_v --> match by kind and tags, then dispatch --> handle --> the result, read as hostile
 *
 * Whatever a handler does, there is a result: it never rejects, so no handler ends its worker (X000-14).
 */
import { matchHandler, type AuditedResult, type HandlerOffer, type Host } from '@bulkhead/host';
import {
  TASK_SCHEMA_VERSION,
  newerTaskResult,
  parseResult,
  type JsonObject,
  type Outcome,
  type OutcomeKind,
  type ResultStatus,
  type Task,
} from '@bulkhead/protocol';
import type { UnavailableHandler } from './discover-handlers.ts';

/**
 * With what a task is run. `workerTags` are the worker's with all that they imply; `imageTag` is its Node and platform version;
 * `timeoutMs` bounds `handle` where the plugin's own limit is longer; `clock.now` is milliseconds since the epoch.
 *
 * @public
 */
export type RunTaskOptions = {
  readonly host: Pick<Host, 'callEntry'>;
  readonly tenant: string;
  readonly offers: readonly HandlerOffer[];
  readonly unavailable: readonly UnavailableHandler[];
  readonly workerTags: readonly string[];
  readonly workerId: string;
  readonly imageTag: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly clock: { readonly now: () => number };
};

/**
 * How long a handler may think about whether it takes a task: dispatch is quick (X000-14), and a worker's other handlers wait for it.
 *
 * @public
 */
export const DISPATCH_MS = 5_000;

/**
 * Runs one task by the handler that takes it, and answers how it ended.
 *
 * `ok`, `error` and `skip` are the handler's word. It is an `error` where the task is of a later schema, where what was returned is no
 * result of this task, and where the call ended in any other way; `data.retryable` is true where the outcome says so, where the guest
 * died, and where what was thrown is a RuntimeError (X000-19). It is `skip` where no handler takes it: `data.missing_tags` names the
 * tags that are missing, and `data.message` the plugin that is down and would have served it, with its cure.
 *
 * @returns the result; `task_id`, `attempts` and `created_at` are the worker's own, whatever the handler said of them.
 * @public
 */
export async function runTask(task: Task, options: RunTaskOptions): Promise<AuditedResult> {
  const audited = auditor(task, options);
  if (task.schema_v > TASK_SCHEMA_VERSION) return audited(newerTask(task, options), undefined);
  const mishaps: Ended[] = [];
  const match = await matchHandler(task, { handlers: options.offers, workerTags: options.workerTags }, (handler) =>
    asksFor(task, handler, { options, mishaps }),
  );
  if (match.kind === 'matched') return audited(await handled(task, match.handler, options), match.handler);
  // A dispatch that ended badly is told before nobody is found, for the task may be its handler's.
  const [mishap] = mishaps;
  if (mishap !== undefined) return audited(mishap.ended, mishap.handler);
  const message = `${match.message}${downAlso(task, options.unavailable)}`;
  const data = { message, missing_tags: match.missing_tags, code: 'NO_HANDLER' };
  return audited({ status: 'skip', data }, undefined);
}

type End = { readonly status: ResultStatus; readonly data: JsonObject };
type Ended = { readonly ended: End; readonly handler: HandlerOffer };
type Auditor = (end: End, handler: HandlerOffer | undefined) => AuditedResult;

function auditor(task: Task, { workerId, imageTag, clock }: RunTaskOptions): Auditor {
  return ({ status, data }, handler) => ({
    ...{ task_id: task.id, status, data },
    created_at: `${new Date(clock.now()).toISOString().slice(0, 19)}Z`,
    attempts: task.attempts + 1,
    worker_id: workerId,
    handler_version: handler === undefined ? null : `${handler.plugin} ${handler.version}`,
    image_tag: imageTag,
  });
}

function newerTask({ id, schema_v }: Task, { clock }: RunTaskOptions): End {
  const newer = { ok: false, kind: 'newer', task_id: id, schema_v, supported: TASK_SCHEMA_VERSION } as const;
  const result = newerTaskResult(newer, clock.now());
  return { status: 'error', data: result?.data ?? { retryable: true } };
}

type Asking = { readonly options: RunTaskOptions; readonly mishaps: Ended[] };

async function asksFor(task: Task, handler: HandlerOffer, { options, mishaps }: Asking): Promise<boolean> {
  const timeoutMs = Math.min(options.timeoutMs ?? DISPATCH_MS, DISPATCH_MS);
  const outcome = await called(task, { handler, method: 'dispatch', timeoutMs }, options);
  if (!outcome.ok) mishaps.push({ ended: failure(outcome, handler, 'dispatch'), handler });
  return outcome.ok && outcome.value === true;
}

async function handled(task: Task, handler: HandlerOffer, options: RunTaskOptions): Promise<End> {
  const outcome = await called(task, { handler, method: 'handle', timeoutMs: options.timeoutMs }, options);
  return outcome.ok ? readResult(outcome.value, { task, handler }) : failure(outcome, handler, 'handle');
}

type Asked = {
  readonly handler: HandlerOffer;
  readonly method: 'dispatch' | 'handle';
  readonly timeoutMs: number | undefined;
};

function called(task: Task, { handler, method, timeoutMs }: Asked, options: RunTaskOptions): Promise<Outcome> {
  const { host, tenant, signal } = options;
  const { plugin, name } = handler;
  return host.callEntry({
    ...{ plugin, name, method, tenant, timeoutMs, signal },
    group: 'task_handlers',
    args: [task],
  });
}

function readResult(value: unknown, { task, handler }: { readonly task: Task; readonly handler: HandlerOffer }): End {
  const parsed = parseResult(value);
  if (!parsed.ok) return invalid(handler, parsed.findings.map(({ message }) => message).join('; '));
  const { task_id: id, status, data } = parsed.result;
  return id === task.id ? { status, data } : invalid(handler, `it is of task "${id}"; expected "${task.id}"`);
}

function invalid({ plugin, version, name }: HandlerOffer, why: string): End {
  const message = `${plugin} ${version} ${name} returned no result of its task: ${why}`;
  return { status: 'error', data: { retryable: false, code: 'RESULT_INVALID', message } };
}

/** Where the guest died another may live, and the attempts are bounded. */
const DEATHS: readonly OutcomeKind[] = ['timeout', 'out_of_memory', 'crashed', 'host_restart'];
type Failed = Extract<Outcome, { readonly ok: false }>;

function failure(outcome: Failed, { plugin, version, name }: HandlerOffer, method: string): End {
  const { kind, code, message, hint } = outcome.error;
  const data = {
    retryable: isRetryable(outcome),
    kind,
    code,
    message: `${plugin} ${version} ${name} ${method}: ${message}`,
  };
  return { status: 'error', data: { ...data, hint } };
}

function isRetryable({ error, call }: Failed): boolean {
  if (error.retryable || DEATHS.includes(error.kind)) return true;
  if (error.kind !== 'tool_error') return false;
  const { retryable, status } = call.metadata ?? {};
  if (retryable === true) return true;
  if (error.code === 'PROVIDER_REFUSED') return typeof status === 'number' && (status === 429 || status >= 500);
  // The name of what was thrown crosses the wall in its message alone.
  return error.code === 'PLUGIN_THREW' && /^RuntimeError(?::|$)/u.test(error.message);
}

/** A handler that is down says neither kind nor tags, so each is named. */
function downAlso({ kind }: Task, unavailable: readonly UnavailableHandler[]): string {
  if (unavailable.length === 0) return '';
  const down = unavailable.map(({ plugin, name, reason }) => `${[plugin, name].filter(Boolean).join(' ')}: ${reason}`);
  return `; unavailable, and perhaps of kind ${kind}: ${down.join('; ')}`;
}
