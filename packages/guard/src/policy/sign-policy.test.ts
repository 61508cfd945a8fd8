import { generateKeyPairSync } from 'node:crypto';
import { createKeyPair, isPublicKey, signArchive } from '@bulkhead/host';
import { describe, expect, test } from 'vitest';
import { createPolicy, DEFAULT_POLICY, superiority } from '../decision/policy.ts';
import { parsePolicy } from './parse-policy.ts';
import { policySha256, signPolicy, verifyPolicy, type PolicySignature } from './sign-policy.ts';

const KEYS = createKeyPair();
const OTHERS = createKeyPair();
const TIMES = { signed_at: '2026-01-01T00:00:00.000Z', expires_at: '2027-01-01T00:00:00.000Z' };
const TRUST = { trustedKeys: [KEYS.publicKey], nowMs: Date.parse('2026-06-01T00:00:00Z') };
const SIGNED = signPolicy(DEFAULT_POLICY, TIMES, KEYS.privateKey);

const refusal = (message: string) =>
  expect.objectContaining({ code: 'POLICY_SIGNATURE_INVALID', message: expect.stringContaining(message) });

describe('a signature of a policy', () => {
  test('[X002-9] holds for the policy that was signed, however that was asked for', () => {
    expect(verifyPolicy(DEFAULT_POLICY, SIGNED, TRUST)).toEqual(SIGNED);
    expect(verifyPolicy(parsePolicy('noninferiority'), JSON.parse(JSON.stringify(SIGNED)), TRUST)).toEqual(SIGNED);
  });

  test('is written as those of archives are', () => {
    expect(isPublicKey(SIGNED.public_key)).toBe(true);
    expect(SIGNED).toMatchObject({
      ...{ schema_v: 1, kind: 'ed25519', public_key: KEYS.publicKey },
      statement: { name: DEFAULT_POLICY.name, sha256: policySha256(DEFAULT_POLICY), ...TIMES },
    });
  });

  test('holds for ever where it has no end', () => {
    const forEver = signPolicy(DEFAULT_POLICY, { ...TIMES, expires_at: null }, KEYS.privateKey);
    expect(verifyPolicy(DEFAULT_POLICY, forEver, { ...TRUST, nowMs: Date.parse('2999-01-01T00:00:00Z') })).toEqual(
      forEver,
    );
  });

  test('says nothing of members that nobody signed', () => {
    expect(verifyPolicy(DEFAULT_POLICY, { ...SIGNED, note: 'trust me' }, TRUST)).toEqual(SIGNED);
  });

  test.each<[string, () => unknown, string]>([
    ['another policy', () => verifyPolicy(superiority(), SIGNED, TRUST), 'is of another policy'],
    [
      'the same bar under another name',
      () => verifyPolicy(createPolicy({ ...DEFAULT_POLICY, name: 'strict' }), SIGNED, TRUST),
      'is of another policy',
    ],
    [
      'a key that is not trusted',
      () => verifyPolicy(DEFAULT_POLICY, signPolicy(DEFAULT_POLICY, TIMES, OTHERS.privateKey), TRUST),
      'which is not among the trusted keys',
    ],
    [
      'a key that did not make it',
      () => verifyPolicy(DEFAULT_POLICY, { ...SIGNED, public_key: OTHERS.publicKey }, TRUST),
      'was not made by the key that it names',
    ],
    [
      'an end that was moved',
      () => verifyPolicy(DEFAULT_POLICY, { ...SIGNED, statement: { ...SIGNED.statement, expires_at: null } }, TRUST),
      'was not made by the key that it names',
    ],
    [
      'its end',
      () => verifyPolicy(DEFAULT_POLICY, SIGNED, { ...TRUST, nowMs: Date.parse(TIMES.expires_at) }),
      'ended at 2027-01-01T00:00:00.000Z',
    ],
    ['no form', () => verifyPolicy(DEFAULT_POLICY, 'signed', TRUST), 'is not of the form with schema_v 1'],
    ['no statement', () => verifyPolicy(DEFAULT_POLICY, { ...SIGNED, statement: 7 }, TRUST), 'has no statement'],
    ['another kind', () => verifyPolicy(DEFAULT_POLICY, { ...SIGNED, kind: 'rsa' }, TRUST), 'is of kind "rsa"'],
    [
      'a second spelling of its bytes',
      () => verifyPolicy(DEFAULT_POLICY, { ...SIGNED, signature: `${SIGNED.signature} ` }, TRUST),
      'was not made by the key',
    ],
    [
      'an archive, into which the statement of a policy was put',
      () => {
        const about = { ...TIMES, name: DEFAULT_POLICY.name, version: '1.0.0' };
        const envelope = signArchive(Buffer.from('policy'), about, KEYS.privateKey);
        const statement = { ...SIGNED.statement };
        const forged: PolicySignature = { ...envelope, statement };
        return verifyPolicy(DEFAULT_POLICY, forged, TRUST);
      },
      'was not made by the key',
    ],
  ])('[X002-9] does not hold for %s', (_name, act, message) => {
    expect(act).toThrow(refusal(message));
  });

  test('is not made with a key of another kind, or none; the key is never told', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    expect(() => signPolicy(DEFAULT_POLICY, TIMES, pem)).toThrow(refusal('no Ed25519 private key'));
    expect(() => signPolicy(DEFAULT_POLICY, TIMES, 'secret')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });

  test('is not made at no time', () => {
    expect(() => signPolicy(DEFAULT_POLICY, { ...TIMES, signed_at: 'now' }, KEYS.privateKey)).toThrow(refusal('"now"'));
    expect(() => signPolicy(DEFAULT_POLICY, { ...TIMES, expires_at: 'never' }, KEYS.privateKey)).toThrow(
      refusal('"never"'),
    );
  });
});
