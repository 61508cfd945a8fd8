/**
 * Asks a release one call, in a guest to which nothing is granted, and says how it was answered. What a guest prints is never looked at.
 */
import type { Harness } from '@bulkhead/host';
import { canonicalJson, type CallError, type JsonObject, type JsonValue, type Outcome } from '@bulkhead/protocol';
import type { Expectation } from './repair-calls.ts';

/** An answer. `ungranted`: the tool threw what the host refused it here. `unjudged`: the sandbox had no guest for it. */
export type Answer =
  | { readonly kind: 'value'; readonly value: JsonValue }
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly isHang: boolean }
  | { readonly kind: 'ungranted'; readonly message: string }
  | { readonly kind: 'unjudged'; readonly message: string };

/** Which tool with which parameters. */
export type AskedCall = { readonly tool: string; readonly params: JsonObject };

/** Times that a call is asked which came to no guest. */
const ATTEMPTS_MAX = 3;

/**
 * Asks; a call that hung is asked once more, since a busy machine is nobody's fault.
 *
 * @throws the reason of the signal once it has fired.
 */
export async function askPatiently(
  harness: Pick<Harness, 'run'>,
  call: AskedCall,
  signal: AbortSignal,
): Promise<Answer> {
  const answer = await askTool(harness, call, signal);
  return answer.kind === 'error' && answer.isHang ? askTool(harness, call, signal) : answer;
}

/** Whether an answer is what is expected. */
export function holds(expect: Expectation, answer: Answer): boolean {
  if (expect.kind === 'error') return answer.kind === 'error' && answer.code === expect.code;
  if (answer.kind !== 'value') return false;
  return expect.kind === 'any' || canonicalJson(expect.value) === canonicalJson(answer.value);
}

async function askTool(
  harness: Pick<Harness, 'run'>,
  { tool, params }: AskedCall,
  signal: AbortSignal,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    const outcome = await harness.run({ tool, params, signal });
    signal.throwIfAborted();
    if (!isUnmet(outcome) || attempt === ATTEMPTS_MAX) return answerOf(outcome);
  }
}

/** A guest of a call before was being ended, and no code of the release has run; or there is no guest at all. */
function isUnmet(outcome: Outcome): boolean {
  if (outcome.ok) return false;
  return (outcome.error.kind === 'timeout' && outcome.call.instance_id === null) || outcome.error.code === 'GUEST_LOST';
}

function answerOf(outcome: Outcome): Answer {
  if (outcome.ok) return { kind: 'value', value: outcome.value };
  const { code, message, kind } = outcome.error;
  if (isUnmet(outcome) || isOfTheSandbox(outcome.error)) return { kind: 'unjudged', message: `${code}: ${message}` };
  if (code === 'PLUGIN_THREW' && UNGRANTED.test(message)) return { kind: 'ungranted', message };
  return { kind: 'error', code, message, isHang: kind === 'timeout' };
}

/**
 * What is thrown to a plugin has no code when it comes out of it. A plugin that throws this text itself gains nothing: as it is, its call is
 * left out, and of a candidate it is no answer either way.
 */
const UNGRANTED = /^ServiceError: the plugin runs in a harness, where nothing is granted/;

/** Kinds that say nothing of the code. */
const NOT_ITS_OWN = ['denied', 'over_quota', 'overloaded', 'cancelled', 'breaker_open', 'disabled', 'host_restart'];

function isOfTheSandbox({ kind }: CallError): boolean {
  return NOT_ITS_OWN.includes(kind);
}
