/**
 * Reads what an executor answered, which may be anything: a field counts where the object has it as its own.
 */
import type { JsonObject } from '@bulkhead/protocol';

/** The number of a field that the executor itself put there: what the candidate says of its own use is not believed. */
export function numberIn(result: JsonObject, field: string): number | undefined {
  const value = ownValue(result, field);
  return typeof value === 'number' ? value : undefined;
}

/** Longer labels are cut: they are kept for the whole run. */
const LABEL_MAX = 100;

/** The text of a field of the executor's answer, or else of what the candidate answered inside it; undefined where it is no label. */
export function labelIn(result: JsonObject, field: string): string | undefined {
  const value = ownValue(result, field) ?? ownValue(ownValue(result, 'result'), field);
  if (typeof value === 'string') return value.slice(0, LABEL_MAX);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function ownValue(holder: unknown, field: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, field)) return undefined;
  const value: unknown = Reflect.get(holder, field);
  return value;
}
