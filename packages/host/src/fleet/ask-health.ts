/**
 * Asks an instance how it is (F004-12, X004-2): one answer, whatever the plugin does. It is no call: nobody waits for it, no
 * ledger has it, and an instance is not in use by it.
 */
import { HEALTH_NOT_IMPLEMENTED, LIMITS, isHealthReport, parseHealthReport, type ErrorCode } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import type { SaidHealth } from '../registry/records.ts';
import type { Sandbox, SandboxReply } from '../sandbox/sandbox.ts';

/** How long an answer may take. */
export type HealthAsking = { readonly clock: Pick<Clock, 'now'>; readonly healthTimeoutMs: number };

/** Returns what the instance says; without a check of its own that is `unknown`, and one that is late or throws is an `error`. */
export async function askHealth(sandbox: Sandbox, asking: HealthAsking): Promise<SaidHealth> {
  if (!sandbox.ready.has_health_check) return NOT_IMPLEMENTED;
  return saidBy(await replyOf(sandbox, asking));
}

/** The same of an instance that serves; undefined where the instance went before it could answer. */
export async function askHealthOfServing(sandbox: Sandbox, asking: HealthAsking): Promise<SaidHealth | undefined> {
  if (!sandbox.ready.has_health_check) return NOT_IMPLEMENTED;
  const reply = await replyOf(sandbox, asking);
  const isGone = !reply.ok && (!reply.didRun || NOT_ITS_DOING.has(reply.error.code));
  return isGone ? undefined : saidBy(reply);
}

/** How a reply ends that says nothing of the check: its instance was closed, or another call ended it. */
const NOT_ITS_DOING: ReadonlySet<string> = new Set(['HOST_CLOSED', 'GUEST_LOST'] satisfies ErrorCode[]);

const NOT_IMPLEMENTED: SaidHealth = { word: 'unknown', message: HEALTH_NOT_IMPLEMENTED, metrics: {}, isFault: false };
/** The guest answers for a check that hangs; only one whose event loop is blocked comes this much later. */
const ANSWER_MS = 250;
const METRICS_BYTES_MAX = LIMITS.health_metrics_bytes.value;

function replyOf(sandbox: Sandbox, { clock, healthTimeoutMs }: HealthAsking): Promise<SandboxReply> {
  return sandbox.run({
    target: 'health',
    name: 'healthCheck',
    args: [healthTimeoutMs],
    deadline: clock.now() + healthTimeoutMs + ANSWER_MS,
    timeoutMs: healthTimeoutMs,
    isFullTime: false,
    signal: undefined,
  });
}

function saidBy(reply: SandboxReply): SaidHealth {
  if (!reply.ok) return failed(reply.error.message);
  const { status, message, metrics } = parseHealthReport(reply.value);
  const bytes = Buffer.byteLength(JSON.stringify(metrics));
  if (bytes > METRICS_BYTES_MAX)
    return failed(`the metrics of healthCheck have ${bytes} bytes; at most ${METRICS_BYTES_MAX}`);
  return { word: status, message, metrics, isFault: !isHealthReport(reply.value) };
}

function failed(message: string): SaidHealth {
  return { word: 'error', message, metrics: {}, isFault: true };
}
