/**
 * Signatures of plugin archives: detached, beside the file, as JSON whose `kind` says how they are verified. There is one
 * kind today (`signed-statement.ts`); a Sigstore bundle would be another arm of {@link Envelope}, with `bundle` in place of key and
 * signature.
 *
 * What is stated names plugin and version beside the digest: the digest alone would let a signature stand for another plugin's name.
 */
import { createHash } from 'node:crypto';
import { LIMITS, type JsonObject } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import { isStatedTime, publicKeyOf, readSigned, signStatement, signatureFault } from './signed-statement.ts';

/**
 * What a signer says of an archive; times are ISO 8601, `expires_at` is null where it holds for ever.
 *
 * @public
 */
export type Statement = {
  readonly name: string;
  readonly version: string;
  /** Of the archive's bytes, 64 hex digits. */
  readonly sha256: string;
  readonly signed_at: string;
  readonly expires_at: string | null;
};

/**
 * A signature as it is stored and sent.
 *
 * @public
 */
export type Envelope = {
  readonly schema_v: 1;
  readonly kind: 'ed25519';
  readonly statement: Statement;
  readonly public_key: string;
  readonly signature: string;
};

const FIRST_LINE = 'bulkhead-signature 1';

/**
 * Gives the public key, as `ed25519:BASE64`, of a private one in PEM.
 *
 * @throws {HostError} `SIGNATURE_INVALID` where it is none.
 */
export function signerOf(privateKey: string): string {
  return publicKeyOf(privateKey) ?? refuseKey();
}

/**
 * Signs an archive.
 *
 * @throws {HostError} `SIGNATURE_INVALID` where the private key is none.
 * @public
 */
export function signArchive(archive: Uint8Array, about: Omit<Statement, 'sha256'>, privateKey: string): Envelope {
  const statement: Statement = { ...about, sha256: sha256(archive) };
  return signStatement(FIRST_LINE, statement, privateKey) ?? refuseKey();
}

/**
 * Verifies that a signature is one of this archive, made by the key that it names and not yet expired. Whose key that is,
 * and whether the archive holds what the statement says, is for the caller to judge.
 *
 * @param now - Milliseconds since 1970.
 * @throws {HostError} `SIGNATURE_INVALID`.
 */
export function verifySignature(text: string, archive: Uint8Array, now: number): Envelope {
  const envelope = parseEnvelope(text);
  const { statement } = envelope;
  if (statement.sha256 !== sha256(archive)) throw invalid(`is of another file, whose SHA-256 is ${statement.sha256}`);
  const fault = signatureFault(FIRST_LINE, envelope);
  if (fault !== undefined) throw invalid(fault);
  if (statement.expires_at !== null && Date.parse(statement.expires_at) <= now)
    throw invalid(`ended at ${statement.expires_at}`);
  return envelope;
}

/**
 * Reads the text of a signature, without verifying it.
 *
 * @throws {HostError} `SIGNATURE_INVALID` where it is of another form or kind.
 */
function parseEnvelope(text: string): Envelope {
  if (text.length > LIMITS.signature_bytes.value) throw invalid(`has more than ${LIMITS.signature_bytes.value} bytes`);
  const read = readSigned(parseJson(text));
  if (!read.ok) throw invalid(read.why);
  const { statement } = read.signed;
  if (!isStatement(statement)) throw invalid('has a statement of another form');
  return { ...read.signed, statement: toStatement(statement) };
}

/** Members that a later version may add are no part of what is verified. */
function toStatement({ name, version, sha256: digest, signed_at, expires_at }: Statement): Statement {
  return { name, version, sha256: digest, signed_at, expires_at };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid('is not JSON', cause);
  }
}

function isStatement(value: JsonObject): value is JsonObject & Statement {
  const { name, version, sha256: digest, signed_at, expires_at } = value;
  const texts = [name, version, digest].every((one) => typeof one === 'string');
  return texts && isStatedTime(signed_at) && (expires_at === null || isStatedTime(expires_at));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function refuseKey(): never {
  throw new HostError('SIGNATURE_INVALID', {
    message: 'the key to sign with is no Ed25519 private key in PEM',
    hint: 'Make one with `bulkhead sign --new-key PATH`.',
  });
}

function invalid(what: string, cause?: unknown): HostError {
  return new HostError('SIGNATURE_INVALID', {
    message: `the signature ${what}`,
    ...(cause !== undefined && { cause }),
  });
}
