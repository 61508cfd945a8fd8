/**
 * The platform token: given as BULKHEAD_TOKEN, else kept in the data directory, made at the first start. It is written
 * nowhere else, and no other user may read the file.
 */
import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDataDirectory, toDataFault } from '@bulkhead/host';
import { TOKEN_CHARACTERS_MIN } from '@bulkhead/server';
import { UsageError } from './usage-error.ts';

/** A token and the file that it is in; null where it came from the environment. */
export type PlatformToken = { readonly token: string; readonly file: string | null };

const TOKEN_VARIABLE = 'BULKHEAD_TOKEN';
const TOKEN_BYTES = 32;

/**
 * Returns the token of a server.
 *
 * @throws {UsageError} where BULKHEAD_TOKEN, or the file, holds fewer than 32 characters.
 * @throws {HostError} `DATA_UNUSABLE`.
 */
export async function openToken(
  dataDir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<PlatformToken> {
  const given = givenToken(env);
  if (given !== undefined) return { token: longEnough(given, TOKEN_VARIABLE), file: null };
  const file = join(dataDir, 'token');
  await openDataDirectory(dataDir);
  const kept = await readToken(file);
  if (kept !== undefined) {
    await chmod(file, 0o600); // Whatever copied it here may have opened it to others.
    return { token: longEnough(kept, file), file };
  }
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  try {
    await writeFile(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw toDataFault(dataDir, error);
  }
  return { token, file };
}

/** Returns the token that a client on this machine may use, or undefined where there is none. */
export async function findToken(
  dataDir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  return givenToken(env) ?? readToken(join(dataDir, 'token'));
}

/** Returns the token of the environment, or undefined where it is not set or empty. */
export function givenToken(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return env[TOKEN_VARIABLE] === '' ? undefined : env[TOKEN_VARIABLE];
}

async function readToken(file: string): Promise<string | undefined> {
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

function longEnough(token: string, where: string): string {
  if (token.length >= TOKEN_CHARACTERS_MIN) return token;
  throw new UsageError(`${where} has ${token.length} characters; expected at least ${TOKEN_CHARACTERS_MIN}`);
}
