/**
 * Policies as TOML, for people, and as JSON, for reports: both hold every field, so that what is read decides as what was written.
 */
import type { JsonObject } from '@bulkhead/protocol';
import { parse, stringify } from 'smol-toml';
import type { Policy } from '../decision/policy.ts';
import { fromTables, invalid, toTables } from './policy-tables.ts';

/** A policy with every field and a long description is a tenth of it. */
const TOML_CHARACTERS_MAX = 65_536;

/**
 * Reads a policy from TOML: the form of X002-9 (`name`, `description`, `[gating]`), which is a classic one, or the whole form with `kind`,
 * `[promotion]`, `[objectives]` and `[looks]`.
 *
 * @param text - At most 65,536 characters.
 * @param origin - Such as the file's name, for messages.
 * @throws {GuardError} `POLICY_INVALID` with everything that is wrong, each with its path.
 * @public
 */
export function parsePolicyToml(text: string, origin: string): Policy {
  if (text.length > TOML_CHARACTERS_MAX) {
    throw invalid(origin, [`a policy has ${text.length} characters; expected at most ${TOML_CHARACTERS_MAX}`]);
  }
  return fromTables(readToml(text, origin), origin);
}

/**
 * Writes a policy as TOML that {@link parsePolicyToml} reads as the same policy. What is not asked for is left out.
 *
 * @public
 */
export function policyToToml(policy: Policy): string {
  return stringify(withoutNulls(toTables(policy)));
}

/**
 * Writes a policy as it stands in reports, with null where nothing is asked for.
 *
 * @public
 */
export function policyToJson(policy: Policy): JsonObject {
  return toTables(policy);
}

/**
 * Reads a policy of a report, which then decides as it did there.
 *
 * @throws {GuardError} `POLICY_INVALID` with everything that is wrong.
 * @public
 */
export function policyFromJson(value: unknown): Policy {
  return fromTables(value, 'the policy');
}

function readToml(text: string, origin: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const [what = 'is not TOML'] = cause instanceof Error ? cause.message.split('\n') : [];
    throw invalid(origin, [`${what}; see https://toml.io for the format`], cause);
  }
}

/** TOML has no null. */
function withoutNulls(tables: JsonObject): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(tables)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, isObject(value) ? withoutNulls(value) : value]),
  );
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
