/**
 * A stand-in that answers what a list says, in its order.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { EvolveError } from '../../evolve-error.ts';
import { estimatedUsage, type Proposer, type ProposalUsage } from '../proposer.ts';

/**
 * One answer: a text with what it took, estimated where that is left out; or a failure of the backend.
 * @public
 */
export type ScriptedAnswer =
  | { readonly text: string; readonly usage?: ProposalUsage }
  | { readonly fail: { readonly status: number; readonly message: string } };

/**
 * Answers of one script.
 * @public
 */
export const SCRIPT_ANSWERS_MAX = 100_000;
const STATUS = 503;
const EXAMPLE = `expected an array of answers such as ["@@ @@\\n-a\\n+b", {"text": "...", "usage": {"input_tokens": 9}}, {"fail": {"status": 503}}]`;

/**
 * Answers in order. `name` is what errors call the script.
 * @public
 */
export function createScripted(answers: readonly ScriptedAnswer[], name = 'the script'): Proposer {
  let asked = 0;
  return {
    propose: async (request, signal) => {
      signal.throwIfAborted();
      const answer = answers[asked];
      asked += 1;
      if (answer === undefined) {
        throw new EvolveError(
          'SCRIPT_EXHAUSTED',
          `${name} has ${answers.length} answers, and this is request ${asked}; expected an answer for each request`,
        );
      }
      if ('fail' in answer) {
        throw new EvolveError(
          'BACKEND_FAILED',
          `the scripted backend fails: ${answer.fail.status} ${answer.fail.message}`,
        );
      }
      return { text: answer.text, usage: answer.usage ?? estimatedUsage(request, answer.text) };
    },
  };
}

/**
 * Reads a script out of JSON text. @throws {EvolveError} `SCRIPT_INVALID` with which answer is wrong.
 * @public
 */
export function parseScript(text: string, name: string): readonly ScriptedAnswer[] {
  const value = parsed(text, name);
  if (!Array.isArray(value)) throw new EvolveError('SCRIPT_INVALID', `${name} is no array; ${EXAMPLE}`);
  if (value.length > SCRIPT_ANSWERS_MAX) {
    throw new EvolveError(
      'SCRIPT_INVALID',
      `${name} has ${value.length} answers; expected at most ${SCRIPT_ANSWERS_MAX}`,
    );
  }
  return value.map((answer: JsonValue, index) => {
    const read = answerOf(answer);
    if (read !== undefined) return read;
    throw new EvolveError(
      'SCRIPT_INVALID',
      `answer ${index + 1} of ${name} is neither a text nor an object with one; ${EXAMPLE}`,
    );
  });
}

function parsed(text: string, name: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue; // JSON.parse gives nothing else.
  } catch (cause) {
    throw new EvolveError('SCRIPT_INVALID', `${name} is not JSON; ${EXAMPLE}`, { cause });
  }
}

function answerOf(answer: JsonValue): ScriptedAnswer | undefined {
  if (typeof answer === 'string') return { text: answer };
  if (!isJsonObject(answer)) return undefined;
  const { text, usage, fail } = answer;
  if (isJsonObject(fail ?? null)) return { fail: failureOf(fail as JsonObject) }; // Looked at in this line.
  if (typeof text !== 'string') return undefined;
  return isJsonObject(usage ?? null) ? { text, usage: usageOf(usage as JsonObject) } : { text }; // The same.
}

function failureOf({ status, message }: JsonObject): { readonly status: number; readonly message: string } {
  return {
    status: typeof status === 'number' ? status : STATUS,
    message: typeof message === 'string' ? message.slice(0, 200) : 'as the script says',
  };
}

/** Of the form in which usage is written into files; what is left out is 0. */
export function usageOf({ input_tokens, output_tokens, cost_usd }: JsonObject): ProposalUsage {
  const count = (value: JsonValue | undefined): number => (typeof value === 'number' && value >= 0 ? value : 0);
  return { inputTokens: count(input_tokens), outputTokens: count(output_tokens), costUsd: count(cost_usd) };
}
