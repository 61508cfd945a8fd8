import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SecretName } from '../storage/secrets-port.ts';
import { makeKeyText, parseKey, seal, unseal, type SecretsKey } from './seal.ts';

const WHICH: SecretName = { tenant_id: 'acme', plugin_name: 'weather', name: 'API_KEY' };
const VALUE = 'a value that nobody else has';

function newKey(): SecretsKey {
  const key = parseKey(makeKeyText());
  if (key === undefined) throw new Error('what is made is a key');
  return key;
}

test('any text comes back as it was, and is not in what is kept', () => {
  const key = newKey();
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 2_000 });
  fc.assert(
    fc.property(text, (value) => {
      expect(unseal(key, WHICH, seal(key, WHICH, value))).toBe(value);
    }),
  );
});

test('the same value is encrypted with another nonce each time, of 96 bits', () => {
  const key = newKey();
  const sealed = Array.from({ length: 100 }, () => seal(key, WHICH, VALUE));
  expect(new Set(sealed.map(({ nonce }) => nonce)).size).toBe(100);
  expect(new Set(sealed.map(({ ciphertext }) => ciphertext)).size).toBe(100);
  expect(sealed.every(({ nonce }) => Buffer.from(nonce, 'base64').length === 12)).toBe(true);
});

test.each([
  ['another tenant', { ...WHICH, tenant_id: 'other' }],
  ['another plugin', { ...WHICH, plugin_name: 'other' }],
  ['another name', { ...WHICH, name: 'OTHER' }],
  ['a place with the same letters', { ...WHICH, tenant_id: 'acm', plugin_name: 'eweather' }],
])('a text that was moved to %s does not decrypt', (_where, other) => {
  const key = newKey();
  expect(() => unseal(key, other, seal(key, WHICH, VALUE))).toThrow(
    expect.objectContaining({ code: 'SECRET_CORRUPT', message: expect.not.stringContaining(VALUE) }),
  );
});

test('a text of which one bit was changed, or the end cut, does not decrypt', () => {
  const key = newKey();
  const { nonce, ciphertext } = seal(key, WHICH, VALUE);
  const bytes = Buffer.from(ciphertext, 'base64');
  const wrong = [...bytes.keys()].map((at) => {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    return { nonce, ciphertext: changed.toString('base64') };
  });
  const cut = [1, 16, bytes.length].map((count) => ({
    nonce,
    ciphertext: bytes.toString('base64', 0, bytes.length - count),
  }));
  const others = [
    { nonce: 'AAAAAAAAAAAAAAAA', ciphertext },
    { nonce: '', ciphertext },
    { nonce, ciphertext: '' },
  ];
  for (const each of [...wrong, ...cut, ...others]) {
    expect(() => unseal(key, WHICH, each)).toThrow(expect.objectContaining({ code: 'SECRET_CORRUPT' }));
  }
});

test('with another key it does not decrypt', () => {
  const sealed = seal(newKey(), WHICH, VALUE);
  expect(() => unseal(newKey(), WHICH, sealed)).toThrow(expect.objectContaining({ code: 'SECRET_CORRUPT' }));
});

test('a key is named by 16 hex digits that are the same each time, and no part of it', () => {
  const text = Buffer.alloc(32, 7).toString('base64');
  const ids = [parseKey(text)?.id, parseKey(text)?.id, parseKey(Buffer.alloc(32, 8).toString('base64'))?.id];
  expect(ids[0]).toMatch(/^[0-9a-f]{16}$/);
  expect([ids[1] === ids[0], ids[2] === ids[0]]).toEqual([true, false]);
});

test.each([
  '',
  'short',
  'A'.repeat(44),
  `${'A'.repeat(42)}=`,
  `${'A'.repeat(43)}=\n`,
  `${'-'.repeat(43)}=`,
  'a'.repeat(64),
])('%j is no key', (text) => {
  expect(parseKey(text)).toBeUndefined();
});
