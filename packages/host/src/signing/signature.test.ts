import fc from 'fast-check';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { LIMITS } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { HostError } from '../base/host-error.ts';
import { signArchive, verifySignature, type Envelope } from './signature.ts';
import { createKeyPair, isPublicKey, publicKeyText } from './signed-statement.ts';

const ARCHIVE = Buffer.from('an archive');
const ABOUT = { name: 'sample', version: '1.0.0', signed_at: '2026-01-01T00:00:00.000Z', expires_at: null };
const NOW = Date.parse('2026-06-01T00:00:00.000Z');
const keys = createKeyPair();

/** What verifying says, as text. */
function verdict(envelope: unknown, archive: Uint8Array = ARCHIVE): string {
  try {
    verifySignature(typeof envelope === 'string' ? envelope : JSON.stringify(envelope), archive, NOW);
    return 'valid';
  } catch (error) {
    if (error instanceof HostError && error.code === 'SIGNATURE_INVALID') return error.message;
    throw error;
  }
}

const signed = (about: Partial<Envelope['statement']> = {}): Envelope =>
  signArchive(ARCHIVE, { ...ABOUT, ...about }, keys.privateKey);

test('[FAULTS-91] a signature names its key and what it signed, and is valid for that alone', () => {
  const envelope = signed();
  expect(envelope).toMatchObject({ schema_v: 1, kind: 'ed25519', public_key: keys.publicKey, statement: ABOUT });
  expect(verdict(envelope)).toBe('valid');
  expect(verdict(envelope, Buffer.from('another'))).toContain('is of another file');
});

test('the public key is the raw key as base64, and the private one PEM that other tools read', () => {
  expect(keys.publicKey).toMatch(/^ed25519:[A-Za-z0-9+/]{43}=$/);
  expect(isPublicKey(keys.publicKey)).toBe(true);
  expect(isPublicKey('ed25519:AAAA')).toBe(false);
  const spki = createPublicKey(keys.privateKey).export({ type: 'spki', format: 'der' });
  expect(spki.subarray(-32).toString('base64')).toBe(keys.publicKey.slice('ed25519:'.length));
});

test('a public key may be written as PEM, and nothing else is taken for one', () => {
  const pem = createPublicKey(keys.privateKey).export({ type: 'spki', format: 'pem' });
  const ofAnotherKind = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
  expect([pem, `${keys.publicKey}\n`].map(publicKeyText)).toEqual([keys.publicKey, keys.publicKey]);
  const others = [keys.privateKey, ofAnotherKind.export({ type: 'spki', format: 'pem' }), pem.slice(0, 60)];
  expect(others.map(publicKeyText)).toEqual([undefined, undefined, undefined]);
});

test('[FAULTS-91] a signature by another key than it names is refused', () => {
  const other = createKeyPair();
  expect(verdict({ ...signed(), public_key: other.publicKey })).toContain('was not made by the key');
  expect(verdict({ ...signed(), public_key: 'rsa:AAAA' })).toContain('names no key');
});

test('[FAULTS-91] a signature that has expired is refused', () => {
  expect(verdict(signed({ expires_at: '2026-06-01T00:00:00.001Z' }))).toBe('valid');
  expect(verdict(signed({ expires_at: '2026-06-01T00:00:00.000Z' }))).toBe(
    'the signature ended at 2026-06-01T00:00:00.000Z',
  );
});

test.each(['name', 'version', 'signed_at', 'expires_at'])(
  '[FAULTS-91] a changed %s makes a signature invalid',
  (field) => {
    const envelope = signed();
    const changed = { ...envelope, statement: { ...envelope.statement, [field]: '2030-01-01T00:00:00.000Z' } };
    expect(verdict(changed)).toContain('was not made by the key');
  },
);

test('a signature of another kind or form is told apart', () => {
  expect(verdict({ ...signed(), kind: 'sigstore' })).toBe(
    'the signature is of kind "sigstore"; this version knows "ed25519"',
  );
  expect(verdict({ ...signed(), schema_v: 2 })).toContain('schema_v 1');
  expect(verdict({ ...signed(), statement: { name: 1 } })).toContain('statement of another form');
  expect(verdict({ ...signed(), signature: 7 })).toContain('lacks public_key or signature');
  expect(verdict('{')).toBe('the signature is not JSON');
  expect(verdict('x'.repeat(LIMITS.signature_bytes.value + 1))).toContain('has more than');
});

test('members that a later version adds do no harm', () => {
  const envelope = signed();
  expect(verdict({ ...envelope, more: 1, statement: { ...envelope.statement, more: 1 } })).toBe('valid');
});

test.each([
  ['no PEM', 'secret'],
  [
    'an RSA key',
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ],
])('%s is no key to sign with, and is not repeated in the message', (_, key) => {
  expect(() => signArchive(ARCHIVE, ABOUT, key)).toThrow('no Ed25519 private key in PEM');
});

test('[FAULTS-91] keys and signatures have one spelling each', () => {
  const own = signed();
  const { signature } = own;
  const unused = 'AQgw'.includes(signature.at(85) ?? '') ? 'B' : 'A';
  for (const other of [
    `${signature.slice(0, 85)}${unused}==`,
    signature.slice(0, 86),
    `${signature.slice(0, 86)}= `,
    ` ${signature}`,
    signature.replaceAll('+', '-').replaceAll('/', '_').replace('==', ''),
  ])
    expect(verdict({ ...own, signature: other })).toContain('was not made by the key');
  for (const other of [
    keys.publicKey.slice(0, -1),
    `${keys.publicKey} `,
    keys.publicKey.replace('ed25519:', 'ed25519: '),
  ])
    expect(isPublicKey(other)).toBe(false);
});

test('[FAULTS-91] whatever text comes as a signature, none but its own statement is vouched for', () => {
  const own = signed();
  const text = JSON.stringify(own);
  const spoilt = fc
    .tuple(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 3 }))
    .map(([at, piece]) => text.slice(0, at) + piece + text.slice(at + piece.length));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), spoilt), (given) => {
      const said = verdict(given);
      expect(said).toMatch(/^(?:the signature |valid$)/);
      // Blanks between members mean nothing.
      if (said === 'valid') expect(verifySignature(given, ARCHIVE, NOW)).toEqual(own);
    }),
    { numRuns: 500 },
  );
});
