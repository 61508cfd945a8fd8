/**
 * Signatures of policies: who answers for the bar that candidates are held to. Keys and signatures are those of plugin archives
 * (`@bulkhead/host/signing`); the first line of what is signed differs, so that neither stands for the other.
 */
import { createHash } from 'node:crypto';
import { isStatedTime, readSigned, signStatement, signatureFault } from '@bulkhead/host/signing';
import { canonicalJson, type JsonObject } from '@bulkhead/protocol';
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

const FIRST_LINE = 'bulkhead-policy-signature 1';

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
  if (!isStatedTime(signed_at))
    throw invalid(`would have been made at ${clipped(signed_at)}; expected a time in ISO 8601`);
  if (expires_at !== null && !isStatedTime(expires_at))
    throw invalid(`would end at ${clipped(expires_at)}; expected a time in ISO 8601, or null`);
  const statement = { name: policy.name, sha256: policySha256(policy), signed_at, expires_at };
  const signed = signStatement(FIRST_LINE, statement, privateKey);
  if (signed === undefined) throw invalid(NO_KEY);
  return signed;
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
export function checkSignature(signature: PolicySignature, digest: string, name: string): void {
  const { statement } = signature;
  if (statement.sha256 !== digest || statement.name !== name)
    throw invalid(`is of another policy, ${clipped(statement.name)} with SHA-256 ${clipped(statement.sha256)}`);
  const fault = signatureFault(FIRST_LINE, signature);
  if (fault !== undefined) throw invalid(fault);
}

/**
 * Reads a signature, without verifying it.
 *
 * @throws {GuardError} `POLICY_SIGNATURE_INVALID` where it is of another form or kind.
 */
export function parseSignature(value: unknown): PolicySignature {
  const read = readSigned(value);
  if (!read.ok) throw invalid(read.why);
  return { ...read.signed, statement: parseStatement(read.signed.statement) };
}

function parseStatement({ name, sha256: digest, signed_at, expires_at }: JsonObject): PolicyStatement {
  if (typeof name !== 'string' || typeof digest !== 'string' || !isStatedTime(signed_at))
    throw invalid('has a statement of another form');
  if (expires_at !== null && !isStatedTime(expires_at)) throw invalid('has a statement of another form');
  return { name, sha256: digest, signed_at, expires_at };
}

const NO_KEY = 'cannot be made: the key is no Ed25519 private key in PEM; make one with `bulkhead sign --new-key PATH`';

function clipped(value: unknown): string {
  return JSON.stringify(value ?? null).slice(0, 100);
}

function invalid(what: string): GuardError {
  return new GuardError('POLICY_SIGNATURE_INVALID', `the signature of the policy ${what}`);
}
