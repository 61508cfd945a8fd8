/**
 * JSON in one spelling for each value: what is digested must not depend on the order in which somebody wrote its keys.
 */
import type { JsonValue } from './json.ts';

/**
 * Writes JSON with the keys of every object in code-unit order, and no spaces. The caller bounds its depth.
 *
 * @internal
 */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map((item: JsonValue) => canonicalJson(item)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value as Readonly<Record<string, JsonValue>>); // isArray leaves objects, which TypeScript does not see.
  const sorted = members.toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${sorted.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
}
