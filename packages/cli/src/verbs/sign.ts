/**
 * `bulkhead sign` and `verify`: an archive is signed by a key of the publisher's, and looked at by whoever gets it.
 */
import { writeFile } from 'node:fs/promises';
import { SIGNATURE_ENDING, createKeyPair, signFile, verifyFile, type VerifiedArchive } from '@bulkhead/host';
import { EXIT_OK } from '../exit-codes.ts';
import { readKey, readPublicKey, readTime } from '../keys.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What was typed. */
export type SignOptions = {
  readonly file?: string;
  readonly key?: string;
  readonly newKey?: string;
  readonly expires?: string;
  readonly json?: boolean;
};

const OWNER_ONLY = 0o600;
const PUBLIC_ENDING = '.pub';

/** Signs an archive, or makes a pair of keys. */
export async function sign(options: SignOptions, terminal: Terminal): Promise<number> {
  const { file, key, newKey } = options;
  if (newKey !== undefined && file === undefined) return makeKeys(newKey, options, terminal);
  if (file === undefined || key === undefined || newKey !== undefined)
    throw new UsageError(
      'name the archive and the key',
      'bulkhead sign FILE --key KEY, or bulkhead sign --new-key PATH',
    );
  const privateKey = await readKey(key);
  const expiresAt = options.expires === undefined ? undefined : readTime('--expires', options.expires);
  const done = terminal.progress(`signing ${file}`);
  const envelope = await signFile(file, {
    privateKey,
    now: Date.now(),
    ...(expiresAt !== undefined && { expiresAt }),
  }).finally(done);
  const target = file + SIGNATURE_ENDING;
  await writeFile(target, `${JSON.stringify(envelope, undefined, 2)}\n`);
  if (options.json === true) terminal.result(JSON.stringify({ file: target, ...envelope }));
  else terminal.result(target);
  const { name, version } = envelope.statement;
  terminal.say(plain(`signed ${name} ${version} as ${envelope.public_key}`));
  return EXIT_OK;
}

async function makeKeys(path: string, { json }: SignOptions, { result, say, talkColors }: Terminal): Promise<number> {
  const { privateKey, publicKey } = createKeyPair();
  await writeNew(path, privateKey);
  await writeNew(path + PUBLIC_ENDING, `${publicKey}\n`);
  result(json === true ? JSON.stringify({ private_key_file: path, public_key: publicKey }) : publicKey);
  say(
    `wrote the private key to ${path} (keep it; nobody else may read it) and the public one to ${path}${PUBLIC_ENDING}`,
  );
  say(talkColors.dim('Give operators the public one for `install.trusted_keys`.'));
  return EXIT_OK;
}

/** A key that is there may be the only one of its kind, so it is never written over. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: OWNER_ONLY, flag: 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EEXIST') throw new UsageError(`${path} is there already`, 'Choose another name for the new key.');
    throw new UsageError(`${path} cannot be written (${code})`);
  }
}

/** What was typed. */
export type VerifyOptions = { readonly file: string; readonly key?: string; readonly json?: boolean };

/** Says who signed an archive; answers 1, with the reason, where it is not as it was signed. */
export async function verify({ file, key, json }: VerifyOptions, terminal: Terminal): Promise<number> {
  const publicKey = key === undefined ? undefined : await readPublicKey(key);
  const done = terminal.progress(`verifying ${file}`);
  const verified = await verifyFile(file, {
    now: Date.now(),
    ...(publicKey !== undefined && { publicKey }),
  }).finally(done);
  if (json === true) terminal.result(JSON.stringify(verified));
  else show(verified, terminal);
  return EXIT_OK;
}

function show(verified: VerifiedArchive, { result, say, colors, talkColors }: Terminal): void {
  const { name, version, signed_by, signed_at, expires_at, vouched } = verified;
  const row = [name, version, signed_by, signed_at, expires_at ?? 'never'];
  for (const line of tableLines(['plugin', 'version', 'signed by', 'at', 'ends'], [row], colors)) result(line);
  if (vouched) say(talkColors.green('the archive is as this key signed it'));
  else say(talkColors.yellow('the archive is as it was signed; --key KEY tells whether the key is the one you expect'));
}
