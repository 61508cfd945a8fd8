/**
 * Keys and times as they are typed: a key is a file or, where it is public, the text itself.
 */
import { readFile } from 'node:fs/promises';
import { UsageError } from './usage-error.ts';

/** Reads the file of a key. @throws {UsageError} where it cannot be read. */
export async function readKey(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new UsageError(`the key ${path} cannot be read (${code})`, 'Make one with `bulkhead sign --new-key PATH`.');
  });
}

/** Reads a public key: its text, or a file that holds it as such or as PEM. @throws {UsageError} where it is neither. */
export async function readPublicKey(given: string): Promise<string> {
  const { publicKeyText } = await import('@bulkhead/host/signing');
  const text = publicKeyText(given) ?? publicKeyText(await readKey(given));
  if (text !== undefined) return text;
  throw new UsageError(
    `${given} holds no public key`,
    'Give ed25519:BASE64, the .pub file that `bulkhead sign --new-key PATH` wrote, or an Ed25519 public key in PEM.',
  );
}

/** Reads a date or a time, to ISO 8601. @throws {UsageError} where it is none. */
export function readTime(option: string, text: string): string {
  const time = Date.parse(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && Number.isFinite(time)) return new Date(time).toISOString();
  throw new UsageError(`${option} is ${JSON.stringify(text)}; expected a date such as 2027-12-31`);
}
