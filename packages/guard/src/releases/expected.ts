/**
 * What is expected of an answer, by what the live release answered itself when it was asked more than once.
 *
 *   always the same value        ─▶ same: that value, or with `valid` any
 *   values that differ           ─▶ varies: any value, which the host has held to the tool's schema
 *   it refused at least once     ─▶ refused: a value, or a refusal
 *   its guest came to an end     ─▶ fault: a value, or an error that the tool declares
 */
import { canonicalJson, type JsonValue } from '@bulkhead/protocol';
import { sha256 } from '../evaluation/evaluate-options.ts';
import { clipped } from '../task/json.ts';
import type { Answer } from './answer.ts';

/** Of a value its digest is kept and the beginning of its text: there may be as many as there are cases, and each a MiB. */
export type Expected =
  | { readonly kind: 'same'; readonly sha256: string; readonly shown: string }
  | { readonly kind: 'varies' | 'refused' | 'fault' };

/** Which answers pass: the live release's own, or any that its schema takes. */
export type AnswersMode = 'same' | 'valid';

const SHOWN_CHARACTERS_MAX = 200;

/** What one answer of the live release lets expect; undefined where it says nothing, since nobody could run it. */
export function expectedOf(answer: Answer): Expected | undefined {
  if (answer.kind === 'ok') {
    const text = canonicalJson(answer.value);
    return { kind: 'same', sha256: sha256(text), shown: clipped(text, SHOWN_CHARACTERS_MAX) };
  }
  if (answer.kind === 'unrun') return undefined;
  return { kind: answer.kind === 'fault' ? 'fault' : 'refused' };
}

const LEAST_FIRST: readonly Expected['kind'][] = ['same', 'varies', 'refused', 'fault'];

/** What two of them let expect together: the one that lets more pass. */
export function joined(one: Expected, other: Expected): Expected {
  if (one.kind === 'same' && other.kind === 'same') return one.sha256 === other.sha256 ? one : { kind: 'varies' };
  return LEAST_FIRST.indexOf(one.kind) >= LEAST_FIRST.indexOf(other.kind) ? one : other;
}

/** Tells whether a value is the one that is expected, digit for digit. */
export function isSameValue(expected: Expected, value: JsonValue): boolean {
  return expected.kind === 'same' && expected.sha256 === sha256(canonicalJson(value));
}

/** Tells whether an answer passes. */
export function passes(expected: Expected, answer: Answer, mode: AnswersMode): boolean {
  if (answer.kind === 'ok') return expected.kind !== 'same' || mode === 'valid' || isSameValue(expected, answer.value);
  if (expected.kind === 'refused') return answer.kind === 'refused' || answer.kind === 'invalid';
  return expected.kind === 'fault' && answer.kind === 'refused' && answer.how === 'tool_error';
}

/** What is expected, in words. */
export function expectedText(expected: Expected, mode: AnswersMode): string {
  if (expected.kind === 'same' && mode === 'same') return expected.shown;
  return expected.kind === 'refused' ? 'a value or a refusal' : 'a value';
}

/** What came, in words. */
export function answerText(answer: Answer): string {
  if (answer.kind === 'ok') return clipped(canonicalJson(answer.value), SHOWN_CHARACTERS_MAX);
  return clipped(`${answer.how} (${answer.why})`, SHOWN_CHARACTERS_MAX);
}
