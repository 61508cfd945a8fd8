/**
 * A call as it may be kept: without what is secret in it, and cut.
 */
import { canonicalJson, isJsonObject, type JsonValue } from '@bulkhead/protocol';
import { REDACTED, type Redact } from '../report/redact.ts';
import { clipped, isList } from '../task/json.ts';
import type { ReleaseCall } from './answer.ts';

/** Members whose texts are secret however short they are, as in recorded calls. */
const SECRET_NAME =
  /^(?:api[-_]?key|secret[-_]?key|secret[-_]?access[-_]?key|access[-_]?token|refresh[-_]?token|client[-_]?secret|secret|password|passwd|pwd|token|authorization)$/i;
const PARAMS_CHARACTERS_MAX = 2_000;
const LINE_CHARACTERS_MAX = 200;

/** The value without what is secret; cut to a text where it is long. */
export function shownParams(params: JsonValue, redact: Redact): JsonValue {
  const kept = withoutSecrets(params, redact);
  const text = canonicalJson(kept);
  return text.length <= PARAMS_CHARACTERS_MAX ? kept : clipped(text, PARAMS_CHARACTERS_MAX);
}

/** One line, such as `calc.add {"a":1,"b":2}`. */
export function shownCall(plugin: string, { tool, params }: ReleaseCall, redact: Redact): string {
  return `${plugin}.${tool} ${clipped(canonicalJson(withoutSecrets(params, redact)), LINE_CHARACTERS_MAX)}`;
}

function withoutSecrets(value: JsonValue, redact: Redact): JsonValue {
  if (typeof value === 'string') return redact(value);
  if (isList(value)) return value.map((item) => withoutSecrets(item, redact));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([name, member]): [string, JsonValue] => [
    redact(name),
    typeof member === 'string' && SECRET_NAME.test(name) ? REDACTED : withoutSecrets(member, redact),
  ]);
  return Object.fromEntries(members);
}
