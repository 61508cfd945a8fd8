/**
 * Whether an archive may be installed as it is signed: by the operator's policy, by the keys that it trusts, and by who
 * signed what is here of that plugin (FAULTS 91, 92).
 */
import type { Finding, Manifest, Signer } from '@bulkhead/protocol';
import { compare } from 'semver';
import { HostError } from '../base/host-error.ts';
import type { Release } from '../catalogue/releases.ts';
import { verifySignature, type Envelope, type Statement } from '../signing/signature.ts';

/**
 * What becomes of a release that nobody signed.
 *
 * @public
 */
export const UNSIGNED_POLICIES = ['allow', 'warn', 'refuse'] as const;

/**
 * A word of {@link UNSIGNED_POLICIES}.
 *
 * @public
 */
export type UnsignedPolicy = (typeof UNSIGNED_POLICIES)[number];

/** The operator's rules. With no trusted key, each plugin's first signer is the one that may sign its later releases. */
export type SignaturePolicy = { readonly unsigned: UnsignedPolicy; readonly trustedKeys: readonly string[] };

/** An archive's signature, verified; undefined without one. */
export type Signed = { readonly envelope: Envelope; readonly signer: Signer } | undefined;

/**
 * Verifies a signature before anything of the archive is unpacked.
 *
 * @throws {HostError} `SIGNATURE_INVALID`, also where the key is none that the operator trusts.
 */
export function openSignature(
  text: string | undefined,
  archive: { readonly bytes: Uint8Array; readonly now: number },
  { trustedKeys }: SignaturePolicy,
): Signed {
  if (text === undefined) return undefined;
  const envelope = verifySignature(text, archive.bytes, archive.now);
  const { kind, public_key: key, statement } = envelope;
  if (trustedKeys.length > 0 && !trustedKeys.includes(key))
    throw new HostError('SIGNATURE_INVALID', {
      message: `it was signed by ${key}, which is none of the ${trustedKeys.length} keys that this server trusts`,
      hint: 'Add the key to `install.trusted_keys` in bulkhead.toml, once you know whose it is.',
    });
  return { envelope, signer: { kind, key, signed_at: statement.signed_at } };
}

/**
 * Judges a release by its signature and by what is here of its plugin.
 *
 * @returns a warning where the release is not signed, and the policy is to say so.
 * @throws {HostError} `SIGNATURE_MISSING`; `SIGNATURE_INVALID` for another name or version than was signed, another signer
 *   than the plugin's, or a version below what the same plugin has signed here already.
 */
export function judgeSignature(
  signed: Signed,
  manifest: Manifest,
  { policy, known }: { readonly policy: SignaturePolicy; readonly known: readonly Release[] },
): readonly Finding[] {
  const before = known.flatMap(({ origin, manifest: { version } }) =>
    origin.signed_by === null ? [] : [{ signer: origin.signed_by, version }],
  );
  if (signed === undefined) return judgeUnsigned(manifest, before.length > 0, policy);
  insistOnStatement(signed.envelope.statement, manifest);
  insistOnPublisher(signed.signer, manifest, { policy, before: before.map(({ signer }) => signer.key) });
  insistOnProgress(
    manifest,
    before.map(({ version }) => version),
  );
  return [];
}

/** Gives the text of a signature. @throws {HostError} `SIGNATURE_MISSING` where there is none. */
export function insistOnSigned(text: string | undefined, path: string): string {
  if (text !== undefined) return text;
  throw new HostError('SIGNATURE_MISSING', {
    message: `"${path}" has no signature beside it`,
    hint: 'Sign it: `bulkhead sign FILE --key KEY`; or take the .sig.json from where the archive is from.',
  });
}

/** Insists that what was signed is what the archive says that it is. @throws {HostError} `SIGNATURE_INVALID`. */
export function insistOnStatement(statement: Statement, { name, version }: Pick<Statement, 'name' | 'version'>): void {
  if (statement.name === name && statement.version === version) return;
  throw new HostError('SIGNATURE_INVALID', {
    message: `the signature is of ${statement.name} ${statement.version}, and the archive holds ${name} ${version}`,
  });
}

function judgeUnsigned({ name }: Manifest, wasSigned: boolean, { unsigned }: SignaturePolicy): readonly Finding[] {
  if (wasSigned)
    throw new HostError('SIGNATURE_MISSING', {
      message: `releases of ${name} on this server are signed, and this one is not`,
      hint: 'Sign the archive with the same key, or have the operator uninstall the plugin first.',
    });
  if (unsigned === 'refuse') throw new HostError('SIGNATURE_MISSING');
  if (unsigned === 'allow') return [];
  const message = 'nobody signed this archive, so nobody knows who made it';
  const hint = 'Sign it: `bulkhead sign FILE --key KEY`.';
  return [{ id: 'SIGNATURE_MISSING', severity: 'warning', path: '.', line: null, message, hint }];
}

type Earlier = { readonly policy: SignaturePolicy; readonly before: readonly string[] };

/** A name belongs to whoever signed first, or to whom the operator says. */
function insistOnPublisher({ key }: Signer, { name }: Manifest, { policy, before }: Earlier): void {
  if (before.length === 0 || before.includes(key) || policy.trustedKeys.includes(key)) return;
  throw new HostError('SIGNATURE_INVALID', {
    message: `releases of ${name} on this server are signed by ${before[0] ?? ''}; this one is signed by ${key}`,
    hint: 'Ask the publisher whether its key has changed; then name the new one in `install.trusted_keys`.',
  });
}

/** An old release with a known hole is signed as well as the new one: it is not taken in its place. */
function insistOnProgress({ name, version }: Manifest, versions: readonly string[]): void {
  const newest = versions.toSorted(compare).at(-1);
  if (newest === undefined || compare(version, newest) >= 0 || versions.includes(version)) return;
  throw new HostError('SIGNATURE_INVALID', {
    message: `${name} ${version} is older than ${newest}, which is here already`,
    hint: 'Install the newest release; a tenant goes back with `bulkhead rollback`.',
  });
}
