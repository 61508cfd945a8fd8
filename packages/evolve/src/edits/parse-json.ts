/**
 * Parses JSON of an edit, which a model or somebody else wrote, within bounds.
 */
import { inspectJson, type JsonValue } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';

const BOUNDS = { depthMax: 100, keysMax: 100_000 };

/** Parses it; `what` names it in the error. Keys that would reach a prototype are left out. @throws {EvolveError} `EDIT_INVALID`. */
export function parseJson(text: string, what: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue; // JSON.parse gives nothing else.
  } catch (cause) {
    throw new EvolveError('EDIT_INVALID', `${what} is not JSON: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    });
  }
  const fault = inspectJson(value, BOUNDS);
  if (fault === undefined) return value;
  const unit = fault.kind === 'too_deep' ? 'levels' : 'keys and items';
  throw new EvolveError('EDIT_INVALID', `${what} has ${fault.observed} ${unit}; expected at most ${fault.allowed}`);
}
