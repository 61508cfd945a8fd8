/**
 * `sign` and `verify`: an archive in a file, and the signature beside it. What the archive holds is read as at an install,
 * so that nothing is signed, or said to be good, that no server would take.
 */
import type { Manifest } from '@bulkhead/protocol';
import { HostError } from './base/host-error.ts';
import { withWorkshop, type WithWorkshop } from './host/with-workshop.ts';
import { insistOnSigned, insistOnStatement } from './install/judge-signature.ts';
import { signArchive, verifySignature, type Envelope } from './signing/signature.ts';
import { readArchiveFile } from './source/archive-file.ts';
import { insistOnManifest } from './source/manifest-file.ts';
import { readArchive, type Archive } from './source/read-archive.ts';

/** Of both: `now` is in milliseconds since 1970; `within` is whose workshop reads the archive, one of its own without it. */
type Surroundings = { readonly now: number; readonly within?: WithWorkshop };

/**
 * A key to sign with, as PEM; without `expiresAt` (ISO 8601) the signature holds for ever.
 *
 * @public
 */
export type SigningOptions = Surroundings & { readonly privateKey: string; readonly expiresAt?: string };

/**
 * Whose signature it must be; without a key, whoever signed is named and nobody is vouched for.
 *
 * @public
 */
export type VerifyingOptions = Surroundings & { readonly publicKey?: string };

/**
 * An archive that was verified; `vouched` tells whether the key was one that the caller named.
 *
 * @public
 */
export type VerifiedArchive = {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly signed_by: string;
  readonly signed_at: string;
  readonly expires_at: string | null;
  readonly vouched: boolean;
};

/**
 * Signs the archive in a file; the signature is for the caller to write beside it.
 *
 * @throws {HostError} `ARCHIVE_*`, `MANIFEST_INVALID`, `SOURCE_NOT_FOUND`; `SIGNATURE_INVALID` where the key is none.
 * @public
 */
export async function signFile(path: string, options: SigningOptions): Promise<Envelope> {
  const { privateKey, expiresAt, now, within } = options;
  const { bytes } = await readArchiveFile(path);
  const { name, version } = await manifestOf({ bytes, place: path }, within);
  const about = { name, version, signed_at: new Date(now).toISOString(), expires_at: expiresAt ?? null };
  return signArchive(bytes, about, privateKey);
}

/**
 * Verifies the archive in a file with the signature beside it.
 *
 * @throws {HostError} `SIGNATURE_MISSING`, `SIGNATURE_INVALID`; else as {@link signFile}.
 * @public
 */
export async function verifyFile(path: string, options: VerifyingOptions): Promise<VerifiedArchive> {
  const { publicKey, now, within } = options;
  const { bytes, signature } = await readArchiveFile(path);
  const { statement, public_key } = verifySignature(insistOnSigned(signature, path), bytes, now);
  if (publicKey !== undefined && publicKey !== public_key)
    throw new HostError('SIGNATURE_INVALID', { message: `it was signed by ${public_key}; expected ${publicKey}` });
  insistOnStatement(statement, await manifestOf({ bytes, place: path }, within));
  const { name, version, sha256, signed_at, expires_at } = statement;
  return { name, version, sha256, signed_by: public_key, signed_at, expires_at, vouched: publicKey !== undefined };
}

async function manifestOf(archive: Archive, within: WithWorkshop = withWorkshop): Promise<Manifest> {
  return insistOnManifest(await within((ask) => readArchive(archive, ask)));
}
