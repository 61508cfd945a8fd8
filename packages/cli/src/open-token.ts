/**
 * The platform token of a server: given as BULKHEAD_TOKEN, else kept in the data directory, made at the first start. It is
 * written nowhere else, and no other user may read the file.
 */
import { randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { openDataDirectory, toDataFault } from '@bulkhead/host';
import { TOKEN_CHARACTERS_MIN } from '@bulkhead/server';
import { TOKEN_VARIABLE, givenToken, readToken, tokenFile } from './token.ts';
import { UsageError } from './usage-error.ts';

/** A token and the file that it is in; null where it came from the environment. */
export type PlatformToken = { readonly token: string; readonly file: string | null };

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
  const file = tokenFile(dataDir);
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

function longEnough(token: string, where: string): string {
  if (token.length >= TOKEN_CHARACTERS_MIN) return token;
  throw new UsageError(`${where} has ${token.length} characters; expected at least ${TOKEN_CHARACTERS_MIN}`);
}
