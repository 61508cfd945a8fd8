/**
 * Signatures of plugin archives: detached, beside the file, as JSON whose `kind` says how they are verified. There is one
 * kind today; a Sigstore bundle would be another arm of {@link Envelope}, with `bundle` in place of key and signature.
 *
 *   { schema_v: 1, kind: "ed25519",
 *     statement: { name, version, sha256, signed_at, expires_at },
 *     public_key: "ed25519:BASE64", signature: "BASE64" }
 *
 * What is signed are the bytes of `bulkhead-signature 1 LF` and of the statement as canonical JSON: the digest alone would
 * let a signature stand for another plugin's name, and without the first line for another protocol's message.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { canonicalJson, isJsonObject, LIMITS, type JsonObject } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';

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

/**
 * A pair of keys as texts: the private one as PEM (PKCS 8), the public one as `ed25519:BASE64`.
 *
 * @public
 */
export type KeyPair = { readonly privateKey: string; readonly publicKey: string };

const KIND = 'ed25519';
const FIRST_LINE = 'bulkhead-signature 1\n';
const RAW_KEY_BYTES = 32;
/** What comes before the raw key in its SPKI form (RFC 8410). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Makes a new pair of keys.
 *
 * @public
 */
export function createKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync(KIND);
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    publicKey: publicText(publicKey),
  };
}

/**
 * Gives the public key, as `ed25519:BASE64`, of a private one in PEM.
 *
 * @throws {HostError} `SIGNATURE_INVALID` where it is none.
 */
export function publicKeyOf(privateKey: string): string {
  return publicText(createPublicKey(readPrivateKey(privateKey)));
}

/**
 * Tells whether a text is a public key, as `ed25519:BASE64`.
 *
 * @public
 */
export function isPublicKey(text: string): boolean {
  return toPublicKey(text) !== undefined;
}

/**
 * Signs an archive.
 *
 * @throws {HostError} `SIGNATURE_INVALID` where the private key is none.
 * @public
 */
export function signArchive(archive: Uint8Array, about: Omit<Statement, 'sha256'>, privateKey: string): Envelope {
  const key = readPrivateKey(privateKey);
  const statement: Statement = { ...about, sha256: sha256(archive) };
  const signature = sign(null, messageOf(statement), key).toString('base64');
  return { schema_v: 1, kind: KIND, statement, public_key: publicText(createPublicKey(key)), signature };
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
  const { statement, public_key, signature } = envelope;
  const key = toPublicKey(public_key);
  if (key === undefined) throw invalid('names no key of the form ed25519:BASE64');
  if (statement.sha256 !== sha256(archive)) throw invalid(`is of another file, whose SHA-256 is ${statement.sha256}`);
  if (!verify(null, messageOf(statement), key, readBase64(signature)))
    throw invalid(`was not made by the key that it names, ${public_key}`);
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
  const value = parseJson(text);
  if (!isJsonObject(value) || value['schema_v'] !== 1) throw invalid('is not of the form with schema_v 1');
  const { kind, statement, public_key, signature } = value;
  if (kind !== KIND) throw invalid(`is of kind ${JSON.stringify(kind)?.slice(0, 40)}; this version knows "${KIND}"`);
  if (!isJsonObject(statement) || !isStatement(statement)) throw invalid('has a statement of another form');
  if (typeof public_key !== 'string' || typeof signature !== 'string') throw invalid('lacks public_key or signature');
  return { schema_v: 1, kind, statement: toStatement(statement), public_key, signature };
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
  const texts = [name, version, digest, signed_at].every((one) => typeof one === 'string');
  return texts && isTime(signed_at) && (expires_at === null || isTime(expires_at));
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && Number.isFinite(Date.parse(value));
}

function messageOf(statement: Statement): Buffer {
  return Buffer.from(FIRST_LINE + canonicalJson(statement));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function publicText(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  return `${KIND}:${der.subarray(SPKI_HEAD.length).toString('base64')}`;
}

function toPublicKey(text: string): KeyObject | undefined {
  const encoded = /^ed25519:(.+)$/.exec(text)?.[1];
  const raw = readBase64(encoded ?? '');
  if (raw.length !== RAW_KEY_BYTES) return undefined;
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), type: 'spki', format: 'der' });
}

/** Nothing where the text is not the one way to write its bytes: two spellings of a signature would be two digests of a file. */
function readBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : Buffer.alloc(0);
}

function readPrivateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === KIND) return key;
  } catch {
    // Told below: what was wrong with it is nobody's to read in a log.
  }
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
