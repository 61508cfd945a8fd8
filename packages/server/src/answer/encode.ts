/**
 * The one place where an outcome or a fault becomes an HTTP answer (DESIGN 4). Every status comes from the error table; no
 * stack and no path of ours can get in, because only the table's fields are written.
 */
import { randomUUID } from 'node:crypto';
import {
  DEFAULT_TENANT,
  callError,
  httpStatusOf,
  unrunReport,
  type CallError,
  type CallReport,
  type ErrorBody,
  type Finding,
  type Outcome,
} from '@bulkhead/protocol';
import type { ConsentDetails } from '@bulkhead/host';
import type { Fault } from './fault.ts';
import type { Place } from './plane.ts';

/** What is written to the socket; `body` is JSON. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' } as const;

/** Seconds that Retry-After says, by status; what is not here has none (DESIGN 4). */
const RETRY_AFTER_S: ReadonlyMap<number, string> = new Map([
  [429, '1'],
  [503, '5'],
]);
const RUNNING_RETRY_S = '1';

/** Writes how a call ended. */
export function encodeOutcome(outcome: Outcome): Answer {
  const body = JSON.stringify(outcome);
  return outcome.ok ? { status: 200, headers: JSON_HEADERS, body } : refusal(outcome.error, body);
}

/** Writes a fault in the form of the plane that it happened on. */
export function encodeFault(fault: Fault, place: Place): Answer {
  const error = callError(fault.code, fault);
  const body = place.plane === 'data' ? outcomeOf(error, place) : errorBodyOf(error, fault);
  return refusal(error, JSON.stringify(body));
}

/**
 * Makes the outcome of a call that never reached the host.
 *
 * @internal
 */
export function outcomeOf(error: CallError, at: Pick<Place, 'plugin' | 'target'>): Outcome {
  return { ok: false, error, call: reportOf(at) };
}

/** The report of what no instance ran; `more` is what is known of it all the same. */
export function reportOf(
  { plugin, target }: Pick<Place, 'plugin' | 'target'>,
  more: Partial<CallReport> = {},
): CallReport {
  return { ...unrunReport({ call_id: randomUUID(), plugin, tenant: DEFAULT_TENANT, target }), ...more };
}

type FaultBody = ErrorBody & { readonly findings?: readonly Finding[] } & Partial<ConsentDetails>;

function errorBodyOf(error: CallError, fault: Fault): FaultBody {
  const body = { detail: fault.detail ?? error.message, code: error.code, hint: error.hint, ...fault.consent };
  return fault.findings === undefined || fault.findings.length === 0 ? body : { ...body, findings: fault.findings };
}

function refusal(error: CallError, body: string): Answer {
  const status = httpStatusOf(error.code);
  return { status, headers: { ...JSON_HEADERS, ...retryAfter(error, status), ...challenge(status) }, body };
}

function retryAfter(error: CallError, status: number): Readonly<Record<string, string>> {
  const seconds =
    error.code === 'IDEMPOTENCY_RUNNING' ? RUNNING_RETRY_S : (knownWait(error) ?? RETRY_AFTER_S.get(status));
  return seconds === undefined ? {} : { 'retry-after': seconds };
}

/** A quota, an open breaker and whoever counts wrong tokens say themselves how long they hold back. */
function knownWait({ limit, retry_after_ms }: CallError): string | undefined {
  const waitMs = retry_after_ms ?? (limit?.name === 'retry_after_ms' ? limit.observed : undefined);
  return waitMs === undefined ? undefined : String(Math.max(1, Math.ceil(waitMs / 1_000)));
}

/** RFC 9110 §11.6.1: a 401 names the scheme that it wants. */
function challenge(status: number): Readonly<Record<string, string>> {
  return status === 401 ? { 'www-authenticate': 'Bearer' } : {};
}
