/**
 * How a run of a release's tool ended, in the words in which releases are compared. What a tool declares, a value or an error, is an
 * answer; that its guest came to an end is a fault; that the sandbox had no guest for it says nothing of the release.
 */
import type { Harness } from '@bulkhead/host';
import type { JsonObject, JsonValue, OutcomeKind } from '@bulkhead/protocol';
import { nonJsonPlace } from '../task/json.ts';

/** A call of a tool; what a case of a comparison is. */
export type ReleaseCall = { readonly tool: string; readonly params: JsonObject };

/**
 * An answer. `invalid`: the host found that the tool's schema does not take the parameters, and no guest saw them; `missing`: the release
 * has no such tool; `refused`: the tool said no.
 */
export type Answer =
  | { readonly kind: 'ok'; readonly value: JsonValue }
  | { readonly kind: 'refused' | 'invalid' | 'missing' | 'unrun'; readonly how: OutcomeKind; readonly why: string }
  | { readonly kind: 'fault'; readonly how: OutcomeKind; readonly why: string };

type Outcome = Awaited<ReturnType<Harness['run']>>;

/** Kinds that are not the sandbox's own. A plugin whose guests are granted nothing is denied what it asks for, which it may declare. */
const KINDS: Partial<Readonly<Record<OutcomeKind, 'refused' | 'fault'>>> = {
  tool_error: 'refused',
  invalid_input: 'refused',
  denied: 'refused',
  invalid_output: 'fault',
  output_too_large: 'fault',
  timeout: 'fault',
  out_of_memory: 'fault',
  crashed: 'fault',
  protocol_violation: 'fault',
};

/** An answer, and what its run took. */
export type Asked = { readonly answer: Answer; readonly report: Outcome['call'] };

/** Times that a call is asked which came to no guest. */
const ATTEMPTS_MAX = 3;

/**
 * Asks a release. A call that comes while the guest of one before is being ended may wait for the next until its time is over: no code
 * of the release has run, so it is asked again.
 */
export async function askRelease(
  harness: Pick<Harness, 'run'>,
  { tool, params, signal }: ReleaseCall & { readonly signal: AbortSignal | undefined },
): Promise<Asked> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await harness.run({ tool, params, signal });
    const isUnmet = !outcome.ok && outcome.error.kind === 'timeout' && outcome.call.instance_id === null;
    if (!isUnmet || attempt === ATTEMPTS_MAX) return { answer: answerOf(outcome), report: outcome.call };
  }
}

function answerOf(outcome: Outcome): Answer {
  if (outcome.ok) {
    const place = nonJsonPlace(outcome.value, 'the result');
    if (place === undefined) return { kind: 'ok', value: outcome.value };
    return { kind: 'fault', how: 'invalid_output', why: `${place}; expected JSON` };
  }
  const { kind, code, message } = outcome.error;
  const end = { how: kind, why: `${code}: ${message}` };
  const isUnmet = kind === 'timeout' && outcome.call.instance_id === null;
  if (code === 'GUEST_LOST' || isUnmet) return { kind: 'unrun', ...end };
  if (code === 'TOOL_NOT_FOUND') return { kind: 'missing', ...end };
  if (code === 'PARAMS_INVALID' && outcome.call.instance_id === null) return { kind: 'invalid', ...end };
  return { kind: KINDS[kind] ?? 'unrun', ...end };
}

/** How a call ended that was served, or recorded: of an error the kind and code are known. */
export function answerOfEnd(
  end:
    | { readonly ok: true; readonly value: JsonValue }
    | { readonly ok: false; readonly kind: OutcomeKind; readonly code: string },
): Answer {
  if (end.ok) return { kind: 'ok', value: end.value };
  return { kind: KINDS[end.kind] ?? 'unrun', how: end.kind, why: end.code };
}

/** An answer as the result of an execution: `{"value": …}`, or `{"error": …, "why": …}` of what the tool declares. */
export function toResult(answer: Exclude<Answer, { readonly kind: 'fault' | 'unrun' }>): JsonObject {
  return answer.kind === 'ok'
    ? { value: answer.value }
    : { error: answer.kind === 'missing' ? 'unknown_tool' : answer.how, why: answer.why };
}

/** Reads such a result again; what is none of ours was answered by nobody. */
export function fromResult(result: JsonValue): Answer {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return NO_ANSWER;
  const { value, error, why } = result as JsonObject; // Neither a text nor a list, so an object.
  if (value !== undefined) return { kind: 'ok', value };
  const told = typeof why === 'string' ? why : '';
  if (error === 'unknown_tool') return { kind: 'missing', how: 'not_found', why: told };
  return {
    kind: 'refused',
    how: error === 'invalid_input' || error === 'denied' ? error : 'tool_error',
    why: told,
  };
}

const NO_ANSWER: Answer = { kind: 'fault', how: 'protocol_violation', why: 'it is no answer' };
