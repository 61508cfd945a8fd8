/**
 * Where the platform token is: in BULKHEAD_TOKEN, else in a file of the data directory. Makes none.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from './usage-error.ts';

/** Names the environment variable that gives it. */
export const TOKEN_VARIABLE = 'BULKHEAD_TOKEN';

/** Returns the token that a client on this machine may use, or undefined where there is none. */
export async function findToken(
  dataDir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  return givenToken(env) ?? readToken(tokenFile(dataDir));
}

/** Returns the token of the environment, or undefined where it is not set or empty. */
export function givenToken(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return env[TOKEN_VARIABLE] === '' ? undefined : env[TOKEN_VARIABLE];
}

/** Returns the path of the file that keeps it in a data directory. */
export function tokenFile(dataDir: string): string {
  return join(dataDir, 'token');
}

/** Reads the file; undefined where there is none. @throws {UsageError} where it cannot be read. */
export async function readToken(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new UsageError(
      `${file} cannot be read`,
      'Give the token as BULKHEAD_TOKEN, or run as the user who owns the file.',
    );
  }
}
