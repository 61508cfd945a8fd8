/**
 * `--policy`: the text of a policy, or a TOML file.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { DEFAULT_POLICY, parsePolicy, parsePolicyToml, type Policy } from '@bulkhead/guard';
import { UsageError } from '../usage-error.ts';

/** Reads it; the default policy where none was typed. @throws {GuardError} `POLICY_INVALID`. */
export async function readPolicy(typed: string | undefined): Promise<Policy> {
  if (typed === undefined) return DEFAULT_POLICY;
  if (!typed.endsWith('.toml') && !typed.includes('/')) return parsePolicy(typed);
  if (existsSync(typed)) return parsePolicyToml(await readFile(typed, 'utf8'), typed);
  throw new UsageError(
    `--policy: ${typed} is no file`,
    'Give a TOML file, or a text such as noninferiority:margin=0.01.',
  );
}
