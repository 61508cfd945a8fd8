/**
 * Reads the policy of a plan as the command line reads its own: a preset, or the text of a TOML file.
 */
import type { Policy } from '../decision/policy.ts';
import { GuardError } from '../guard-error.ts';
import { parsePolicyToml } from '../policy/policy-files.ts';
import { parsePolicy } from '../policy/parse-policy.ts';
import { StatisticsError } from '../statistics/statistics-error.ts';

/** A table, or a key with a value, begins a line of TOML; a preset's first sign is a colon. */
const TOML = /^\s*(?:\[|#|[\w"'.-]+\s*=)/mu;

/** Reads it. @throws {GuardError} `POLICY_INVALID`. */
export function readTrialPolicy(text: string): Policy {
  return TOML.test(text) ? parsePolicyToml(text, 'policy') : parsePolicy(text);
}

/** Says what is wrong with it; undefined where nothing is. */
export function wrongPolicy(text: string): string | undefined {
  try {
    readTrialPolicy(text);
    return undefined;
  } catch (error) {
    if (error instanceof GuardError || error instanceof StatisticsError) return error.message;
    throw error;
  }
}
