import { parseManifest, type Manifest } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { HostError } from '../base/host-error.ts';
import type { Release } from '../catalogue/releases.ts';
import { signArchive } from '../signing/signature.ts';
import { createKeyPair } from '../signing/signed-statement.ts';
import { judgeSignature, openSignature, type SignaturePolicy } from './judge-signature.ts';
import { resemblances } from './resemblances.ts';

const mine = createKeyPair();
const other = createKeyPair();
const ARCHIVE = { bytes: Buffer.from('an archive'), now: Date.parse('2026-06-01T00:00:00.000Z') };

function manifestOf(version: string): Manifest {
  const parsed = parseManifest({ name: 'sample', version, description: 'd', author: 'a' });
  if (!parsed.ok) throw new Error(parsed.findings[0]?.message);
  return parsed.manifest;
}

/** A release that is here; of it only manifest and origin are looked at. */
function releaseOf(version: string, key: string | undefined): Release {
  const signed_by = key === undefined ? null : { kind: 'ed25519', key, signed_at: '2026-01-01T00:00:00.000Z' };
  return { manifest: manifestOf(version), origin: { signed_by } } as unknown as Release; // The part that is looked at.
}

type Judged = { readonly version?: string; readonly by?: typeof mine; readonly known?: readonly Release[] };

/** The code of a refusal, or the ids of the findings. */
function verdict(
  { version = '1.0.0', by, known = [] }: Judged,
  policy: Partial<SignaturePolicy> = {},
): string | readonly string[] {
  const full: SignaturePolicy = { unsigned: 'warn', trustedKeys: [], ...policy };
  const about = { name: 'sample', version, signed_at: '2026-01-01T00:00:00.000Z', expires_at: null };
  try {
    const text = by && JSON.stringify(signArchive(ARCHIVE.bytes, about, by.privateKey));
    const signed = openSignature(text, ARCHIVE, full);
    return judgeSignature(signed, manifestOf(version), { policy: full, known }).map(({ id }) => id);
  } catch (error) {
    if (error instanceof HostError) return error.code;
    throw error;
  }
}

test('[FAULTS-91] what nobody signed is allowed, warned of or refused, as the operator says', () => {
  expect(verdict({}, { unsigned: 'allow' })).toEqual([]);
  expect(verdict({}, { unsigned: 'warn' })).toEqual(['SIGNATURE_MISSING']);
  expect(verdict({}, { unsigned: 'refuse' })).toBe('SIGNATURE_MISSING');
  expect(verdict({ by: mine }, { unsigned: 'refuse' })).toEqual([]);
});

test('[FAULTS-91] where keys are trusted, no other is taken', () => {
  expect(verdict({ by: mine }, { trustedKeys: [mine.publicKey, other.publicKey] })).toEqual([]);
  expect(verdict({ by: mine }, { trustedKeys: [other.publicKey] })).toBe('SIGNATURE_INVALID');
});

test('[FAULTS-92] a name is its first signer’s, unless the operator names another', () => {
  const known = [releaseOf('1.0.0', mine.publicKey), releaseOf('0.9.0', undefined)];
  expect(verdict({ version: '1.1.0', by: mine, known })).toEqual([]);
  expect(verdict({ version: '1.1.0', by: other, known })).toBe('SIGNATURE_INVALID');
  expect(verdict({ version: '1.1.0', by: other, known }, { trustedKeys: [other.publicKey] })).toEqual([]);
  expect(verdict({ version: '1.1.0', known }, { unsigned: 'allow' })).toBe('SIGNATURE_MISSING');
  expect(verdict({ version: '1.1.0', by: other, known: [releaseOf('1.0.0', undefined)] })).toEqual([]);
});

test('[FAULTS-91] an older version than the newest that was signed is refused, the same again is not', () => {
  const known = [
    releaseOf('1.10.0', mine.publicKey),
    releaseOf('1.9.0', mine.publicKey),
    releaseOf('3.0.0', undefined),
  ];
  expect(verdict({ version: '1.9.1', by: mine, known })).toBe('SIGNATURE_INVALID');
  expect(verdict({ version: '1.9.0', by: mine, known })).toEqual([]);
  expect(verdict({ version: '2.0.0', by: mine, known })).toEqual([]);
});

test.each([
  ['calculatr', true],
  ['ca1culator', true],
  ['calculator', false],
  ['calc', false],
  ['web_search2', true],
  ['websearch', true],
  ['weather', false],
])('[FAULTS-92] %s resembles a plugin that is here: %s', (name, expected) => {
  expect(resemblances(name, ['calculator', 'web-search', 'cal']).length > 0).toBe(expected);
});
