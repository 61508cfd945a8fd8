/**
 * A call as it may be kept: without what is secret in it, and cut.
 */
import { canonicalJson, redactJson, type JsonValue } from '@bulkhead/protocol';
import type { Redact } from '../report/redact.ts';
import { clipped } from '../task/json.ts';
import type { ReleaseCall } from './answer.ts';

const PARAMS_CHARACTERS_MAX = 2_000;
const LINE_CHARACTERS_MAX = 200;

/** The value without what is secret; cut to a text where it is long. */
export function shownParams(params: JsonValue, redact: Redact): JsonValue {
  const kept = redactJson(params, redact);
  const text = canonicalJson(kept);
  return text.length <= PARAMS_CHARACTERS_MAX ? kept : clipped(text, PARAMS_CHARACTERS_MAX);
}

/** One line, such as `calc.add {"a":1,"b":2}`. */
export function shownCall(plugin: string, { tool, params }: ReleaseCall, redact: Redact): string {
  return `${plugin}.${tool} ${clipped(canonicalJson(redactJson(params, redact)), LINE_CHARACTERS_MAX)}`;
}
