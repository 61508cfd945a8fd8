/**
 * Signatures of policies: who answers for the bar that candidates are held to. Keys and signatures are written as those of plugin archives
 * (packages/host/src/signing); the first line of what is signed differs, so that neither stands for the other.
 *
 *   { schema_v: 1, kind: "ed25519",
 *     statement: { name, sha256, signed_at, expires_at },
 *     public_key: "ed25519:BASE64", signature: "BASE64" }
 */
import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { canonicalJson } from '@bulkhead/protocol';
import type { Policy } from '../decision/policy.ts';
import { GuardError } from '../guard-error.ts';
import { policyToJson } from './policy-files.ts';

/**
 * What a signer says of a policy; times are ISO 8601, `expires_at` is null where it holds for ever.
 *
 * @public
 */
export type PolicyStatement = {
  readonly name: string;
  /** Of the policy, as {@link policySha256} gives it. */
  readonly sha256: string;
  readonly signed_at: string;
  readonly expires_at: string | null;
};

/**
 * A signature as it is stored and sent.
 *
 * @public
 */
export type PolicySignature = {
  readonly schema_v: 1;
  readonly kind: 'ed25519';
  readonly statement: PolicyStatement;
  readonly public_key: string;
  readonly signature: string;
};

/**
 * By whom a signature may be made, and the time at which it must hold, in milliseconds since 1970.
 *
 * @public
 */
export type PolicyTrust = { readonly trustedKeys: readonly string[]; readonly nowMs: number };

const KIND = 'ed25519';
const FIRST_LINE = 'bulkhead-policy-signature 1\n';
const RAW_KEY_BYTES = 32;
/** What comes before the raw key in its SPKI form (RFC 8410). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * SHA-256 of a policy, 64 hexadecimal digits: of every field, and of nothing but what decides and its names, however it was written down.
 *
 * @public
 */
export function policySha256(policy: Policy): string {
  return sha256(canonicalJson(policyToJson(policy)));
}

/** SHA-256 of a text's UTF-8, 64 hexadecimal digits. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Signs a policy.
 *
 * @param privateKey - PEM (PKCS 8), as `bulkhead sign --new-key` makes it.
 * @throws {GuardError} `POLICY_SIGNATURE_INVALID` where the key is none, or a time is no time.
 * @public
 */
export function signPolicy(
  policy: Policy,
  { signed_at, expires_at }: Pick<PolicyStatement, 'signed_at' | 'expires_at'>,
  privateKey: string,
): PolicySignature {
  if (!isTime(signed_at)) throw invalid(`would have been made at ${clipped(signed_at)}; expected a time in ISO 8601`);
  if (expires_at !== null && !isTime(expires_at))
    throw invalid(`would end at ${clipped(expires_at)}; expected a time in ISO 8601, or null`);
  const key = readPrivateKey(privateKey);
  const statement = { name: policy.name, sha256: policySha256(policy), signed_at, expires_at };
  const signature = sign(null, messageOf(statement), key).toString('base64');
  return { schema_v: 1, kind: KIND, statement, public_key: publicText(createPublicKey(key)), signature };
}

/**
 * Verifies that a signature is one of this policy, made by a trusted key, and not yet expired.
 *
 * @param value - A {@link PolicySignature} as it came from outside.
 * @returns It, without members that nobody signed.
 * @throws {GuardError} `POLICY_SIGNATURE_INVALID` says what does not hold.
 * @public
 */
export function verifyPolicy(policy: Policy, value: unknown, { trustedKeys, nowMs }: PolicyTrust): PolicySignature {
  const signature = parseSignature(value);
  checkSignature(signature, policySha256(policy), policy.name);
  const { statement, public_key } = signature;
  if (!trustedKeys.includes(public_key))
    throw invalid(`was made by ${public_key}, which is not among the trusted keys`);
  if (statement.expires_at !== null && Date.parse(statement.expires_at) <= nowMs)
    throw invalid(`ended at ${statement.expires_at}; have the policy signed again`);
  return signature;
}

/**
 * Checks that the key that a signature names made it, of a policy with this digest and name; whose key that is, is for others to judge.
 *
 * @throws {GuardError} `POLICY_SIGNATURE_INVALID`.
 */
export function checkSignature(
  { statement, public_key, signature }: PolicySignature,
  digest: string,
  name: string,
): void {
  const key = toPublicKey(public_key);
  if (key === undefined) throw invalid('names no key of the form ed25519:BASE64');
  if (statement.sha256 !== digest || statement.name !== name)
    throw invalid(`is of another policy, ${clipped(statement.name)} with SHA-256 ${clipped(statement.sha256)}`);
  if (!verify(null, messageOf(statement), key, readBase64(signature)))
    throw invalid(`was not made by the key that it names, ${public_key}`);
}

/**
 * Reads a signature, without verifying it.
 *
 * @throws {GuardError} `POLICY_SIGNATURE_INVALID` where it is of another form or kind.
 */
export function parseSignature(value: unknown): PolicySignature {
  if (!isObject(value) || value['schema_v'] !== 1) throw invalid('is not of the form with schema_v 1');
  const { kind, statement, public_key, signature } = value;
  if (kind !== KIND) throw invalid(`is of kind ${clipped(kind)}; this version knows "${KIND}"`);
  if (typeof public_key !== 'string' || typeof signature !== 'string') throw invalid('lacks public_key or signature');
  return { schema_v: 1, kind, statement: parseStatement(statement), public_key, signature };
}

function parseStatement(value: unknown): PolicyStatement {
  if (!isObject(value)) throw invalid('has no statement');
  const { name, sha256: digest, signed_at, expires_at } = value;
  if (typeof name !== 'string' || typeof digest !== 'string' || !isTime(signed_at))
    throw invalid('has a statement of another form');
  if (expires_at !== null && !isTime(expires_at)) throw invalid('has a statement of another form');
  return { name, sha256: digest, signed_at, expires_at };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && Number.isFinite(Date.parse(value));
}

function messageOf(statement: PolicyStatement): Buffer {
  return Buffer.from(FIRST_LINE + canonicalJson(statement));
}

function publicText(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  return `${KIND}:${der.subarray(SPKI_HEAD.length).toString('base64')}`;
}

function toPublicKey(text: string): KeyObject | undefined {
  const raw = readBase64(/^ed25519:(.+)$/.exec(text)?.[1] ?? '');
  if (raw.length !== RAW_KEY_BYTES) return undefined;
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), type: 'spki', format: 'der' });
}

/** Nothing where the text is not the one way to write its bytes: two spellings of a signature would be two lines of a history. */
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
  throw invalid(
    'cannot be made: the key is no Ed25519 private key in PEM; make one with `bulkhead sign --new-key PATH`',
  );
}

function clipped(value: unknown): string {
  return JSON.stringify(value ?? null).slice(0, 100);
}

function invalid(what: string): GuardError {
  return new GuardError('POLICY_SIGNATURE_INVALID', `the signature of the policy ${what}`);
}
