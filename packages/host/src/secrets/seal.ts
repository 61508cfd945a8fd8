/**
 * How a secret is encrypted: AES-256-GCM with a fresh 96-bit nonce for each write (NIST SP 800-38D §8.2.2). What it is the
 * secret of is authenticated with it, so that a row that was moved to another tenant, plugin or name does not decrypt.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { HostError } from '../base/host-error.ts';
import type { SealedText, SecretName } from '../storage/secrets-port.ts';

/** A key. `id` names it in rows and tells nothing of it. */
export type SecretsKey = { readonly id: string; readonly key: KeyObject };

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ID_DIGITS = 16;
const CIPHER = 'aes-256-gcm';
/** Covered by each ciphertext, so that another form of rows can never be taken for this one. */
const FORM = 'bulkhead secret 1';

/** 32 bytes in base64: 43 characters and one "=". */
const KEY_TEXT = /^[A-Za-z0-9+/]{43}=$/;
/** For messages: what a key looks like, and how one is made. */
export const KEY_FORM =
  '32 random bytes in base64: 44 characters that end with "=", as `openssl rand -base64 32` prints them';

/** Makes a key of random bytes, and its text. */
export function makeKeyText(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

/** Reads a key from its text; undefined where it is none. */
export function parseKey(text: string): SecretsKey | undefined {
  if (!KEY_TEXT.test(text)) return undefined;
  const key = createSecretKey(text, 'base64');
  const id = createHmac('sha256', key).update('bulkhead secrets key id').digest('hex').slice(0, ID_DIGITS);
  return { id, key };
}

/** Encrypts a value. */
export function seal({ key }: SecretsKey, which: SecretName, value: string): SealedText {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(which));
  const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { nonce: nonce.toString('base64'), ciphertext: sealed.toString('base64') };
}

/**
 * Decrypts what {@link seal} made with the same key for the same secret.
 *
 * @throws {HostError} `SECRET_CORRUPT` for anything else; its message names the secret and holds nothing of its value.
 */
export function unseal({ key }: SecretsKey, which: SecretName, { nonce, ciphertext }: SealedText): string {
  const sealed = Buffer.from(ciphertext, 'base64');
  const end = sealed.length - TAG_BYTES;
  try {
    const decipher = createDecipheriv(CIPHER, key, Buffer.from(nonce, 'base64'), { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(which)).setAuthTag(sealed.subarray(end));
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new HostError('SECRET_CORRUPT', {
      message: `the stored secret "${which.name}" of plugin "${which.plugin_name}" was changed or moved since it was set`,
      hint: `Set it again: \`bulkhead secrets set ${which.plugin_name} ${which.name}\`; and look at who writes the database.`,
      cause,
    });
  }
}

function boundTo({ tenant_id, plugin_name, name }: SecretName): Buffer {
  return Buffer.from(JSON.stringify([FORM, tenant_id, plugin_name, name]));
}
