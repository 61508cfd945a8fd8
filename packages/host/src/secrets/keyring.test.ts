import { expect, test } from 'vitest';
import type { SealedSecret } from '../storage/secrets-port.ts';
import type { KeyFile } from './key-file.ts';
import { openKeyring, type Keyring } from './keyring.ts';
import { makeKeyText, parseKey } from './seal.ts';

const WHICH = { tenant_id: 'acme', plugin_name: 'weather', name: 'API_KEY' };
const TIMES = { created_at: '', updated_at: '' };

/** A key file in memory: what the file itself does is tested beside it. */
function memoryFile(keys: readonly string[] = []): KeyFile & { readonly keys: () => readonly string[] } {
  let kept = keys;
  return { keys: () => kept, read: async () => kept, write: async (next) => void (kept = next) };
}

async function sealed(keyring: Keyring, value: string): Promise<SealedSecret> {
  const made = await keyring.seal(WHICH, value);
  return { ...WHICH, ...TIMES, key_id: made.keyId, ...made.sealed };
}

const idOf = (text: string): string => parseKey(text)?.id ?? '';

test('a key is made when the first secret is, and kept before anything is encrypted with it', async () => {
  const file = memoryFile();
  const keyring = await openKeyring({ given: [], file });
  expect([keyring.isEmpty(), file.keys()]).toEqual([true, []]);
  const secret = await sealed(keyring, 'value');
  expect(file.keys().map(idOf)).toEqual([secret.key_id]);
  const next = await openKeyring({ given: [], file });
  expect([next.isEmpty(), next.unseal(secret)]).toEqual([false, 'value']);
});

test('a key that cannot be kept is not used', async () => {
  const file: KeyFile = { read: async () => [], write: () => Promise.reject(new Error('full')) };
  const keyring = await openKeyring({ given: [], file });
  await expect(keyring.seal(WHICH, 'value')).rejects.toThrow('full');
  expect(keyring.isEmpty()).toBe(true);
});

test('while it rotates the older keys are read, here and by the next host; afterwards they are forgotten', async () => {
  const file = memoryFile();
  const keyring = await openKeyring({ given: [], file });
  const old = await sealed(keyring, 'value');
  const { keyId, isGiven } = await keyring.startRotation();
  expect([isGiven, keyId === old.key_id]).toEqual([false, false]);
  expect([keyring.unseal(old), (await sealed(keyring, 'value')).key_id]).toEqual(['value', keyId]);
  expect((await openKeyring({ given: [], file })).unseal(old)).toBe('value');
  expect(file.keys().map(idOf)).toEqual([keyId, old.key_id]);
  await keyring.finishRotation();
  expect(file.keys().map(idOf)).toEqual([keyId]);
  expect([keyring.has(keyId), keyring.has(old.key_id)]).toEqual([true, false]);
});

test('of keys that are given the first encrypts and all are read, those of the file too', async () => {
  const [current, older, kept] = [makeKeyText(), makeKeyText(), makeKeyText()];
  const file = memoryFile([kept]);
  const keyring = await openKeyring({ given: [current, older], file });
  expect((await sealed(keyring, 'value')).key_id).toBe(idOf(current));
  expect([current, older, kept].map((text) => keyring.has(idOf(text)))).toEqual([true, true, true]);
  expect(await keyring.startRotation()).toEqual({ keyId: idOf(current), isGiven: true });
  expect(file.keys()).toEqual([kept]);
  await keyring.finishRotation();
  expect(file.keys()).toEqual([]);
});

test('a key that was given and is none is refused with the form that is expected, and not shown', async () => {
  const refusal = openKeyring({ given: ['not-a-key-but-somebodys-secret'], file: undefined });
  await expect(refusal).rejects.toMatchObject({
    code: 'SECRETS_KEY_UNUSABLE',
    message: expect.stringContaining('32 random bytes in base64: 44 characters'),
  });
  await expect(refusal).rejects.not.toThrow('somebodys');
});

test('a secret of a key that is not here is refused with the names of both', async () => {
  const [one, other] = await Promise.all([
    openKeyring({ given: [makeKeyText()], file: undefined }),
    openKeyring({ given: [makeKeyText()], file: undefined }),
  ]);
  const secret = await sealed(one, 'value');
  expect(() => other.unseal(secret)).toThrow(
    expect.objectContaining({ code: 'SECRETS_KEY_UNUSABLE', message: expect.stringContaining(secret.key_id) }),
  );
});
