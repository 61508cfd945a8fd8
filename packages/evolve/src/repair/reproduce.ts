/**
 * Runs the plugin as it is on the calls of a repair, to know which of them fail now and which must stay as they are:
 *
 *   expected, and answered so      ─▶ passing, held to what it is answered now
 *   expected, and answered otherwise ─▶ failing
 *   nothing expected               ─▶ passing with what it is answered now; one that is an error of the code itself is left out
 *   needs what is not granted      ─▶ left out
 */
import type { Redact } from '@bulkhead/guard';
import type { Harness } from '@bulkhead/host';
import { canonicalJson, type JsonObject } from '@bulkhead/protocol';
import { askPatiently, holds, type Answer } from './ask-tool.ts';
import { clippedText, shownJson } from './call-redaction.ts';
import type { Expectation, RepairCall } from './repair-calls.ts';

/** A call as it is judged; `now` is how the plugin answers it, for people and prompts. `isWrongValue`: it answers, but wrongly. */
export type JudgedCall = {
  readonly tool: string;
  readonly params: JsonObject;
  readonly expect: Expectation;
  readonly now: string;
  readonly isWrongValue: boolean;
};

/** The calls by how they are now. `left` could not be judged. */
export type Reproduced = {
  readonly failing: readonly JudgedCall[];
  readonly passing: readonly JudgedCall[];
  readonly left: number;
};

/** Who answers, and what takes secrets out. */
export type Reproducing = {
  readonly harness: Pick<Harness, 'run'>;
  readonly redact: Redact;
  readonly signal: AbortSignal;
};

const SHOWN_CHARACTERS_MAX = 500;
const REPORTED = 'TOOL_REPORTED_ERROR';

/** Runs them. @throws the reason of the signal once it has fired. */
export async function reproduce(calls: readonly RepairCall[], reproducing: Reproducing): Promise<Reproduced> {
  const failing: JudgedCall[] = [];
  const passing: JudgedCall[] = [];
  let left = 0;
  for (const call of calls) {
    const answer = await askPatiently(reproducing.harness, call, reproducing.signal);
    const judged = { tool: call.tool, params: call.params, now: answerText(answer, reproducing.redact) };
    if (answer.kind === 'unjudged' || answer.kind === 'ungranted') left += 1;
    else if (call.expect !== undefined && !holds(call.expect, answer)) {
      failing.push({ ...judged, expect: call.expect, isWrongValue: answer.kind === 'value' });
    } else {
      const expect = isKept(call, answer) ? await presentExpectation(call, { answer, reproducing }) : undefined;
      if (expect === undefined) left += 1;
      else passing.push({ ...judged, expect, isWrongValue: false });
    }
  }
  return { failing, passing, left };
}

/** The calls of a plugin that does not start: each fails, and is to be answered as is expected, or as it once was. */
export function reproduceNone(calls: readonly RepairCall[], why: string): Reproduced {
  const failing = calls.flatMap(({ tool, params, expect, recorded }) => {
    const wanted = expect ?? recorded;
    return wanted === undefined ? [] : [{ tool, params, expect: wanted, now: why, isWrongValue: false }];
  });
  return { failing, passing: [], left: calls.length - failing.length };
}

/** An answer in words, without secrets. */
export function answerText(answer: Answer, redact: Redact): string {
  if (answer.kind === 'value') return shownJson(answer.value, redact, SHOWN_CHARACTERS_MAX);
  const text = answer.kind === 'error' ? `error ${answer.code}: ${answer.message}` : answer.message;
  return clippedText(redact(text), SHOWN_CHARACTERS_MAX);
}

/** What is expected, in words, without secrets. */
export function expectationText(expect: Expectation, redact: Redact): string {
  if (expect.kind === 'any') return 'a value';
  return expect.kind === 'error' ? `error ${expect.code}` : shownJson(expect.value, redact, SHOWN_CHARACTERS_MAX);
}

/** What a tool threw, or how its guest ended, is nothing that anybody wants to stay, unless it is said so. */
function isKept({ expect }: RepairCall, answer: Answer): boolean {
  return expect !== undefined || answer.kind === 'value' || (answer.kind === 'error' && answer.code === REPORTED);
}

type Present = { readonly answer: Answer; readonly reproducing: Reproducing };

/** It is asked once more: a value that is another each time is expected to be a value, and no more. */
async function presentExpectation(
  call: RepairCall,
  { answer, reproducing }: Present,
): Promise<Expectation | undefined> {
  if (answer.kind === 'error') return { kind: 'error', code: answer.code };
  const again = await askPatiently(reproducing.harness, call, reproducing.signal);
  if (answer.kind !== 'value' || again.kind !== 'value') return undefined;
  const isSame = canonicalJson(answer.value) === canonicalJson(again.value);
  return isSame ? { kind: 'value', value: answer.value } : { kind: 'any' };
}
