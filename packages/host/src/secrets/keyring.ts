/**
 * The keys of the secrets: the one that encrypts, and older ones that are readable until a rotation has ended. They are given
 * by whoever starts the host, else kept in the data directory, else in memory alone.
 *
 * Y1: A key that encrypts is kept before anything is encrypted with it.
 * Y2: A key is forgotten only by `finishRotation`, whose caller has seen that no secret needs it.
 */
import { HostError } from '../base/host-error.ts';
import type { SealedSecret, SealedText, SecretName } from '../storage/secrets-port.ts';
import type { KeyFile } from './key-file.ts';
import { KEY_FORM, makeKeyText, parseKey, seal, unseal, type SecretsKey } from './seal.ts';

/** Keys in use. Not safe to call concurrently but for `has` and `unseal`: its owner lets writes take turns. */
export type Keyring = {
  readonly isEmpty: () => boolean;
  readonly has: (keyId: string) => boolean;
  /** Encrypts with the current key, which is made where there is none. @throws {HostError} `SECRETS_KEY_UNUSABLE`. */
  readonly seal: (which: SecretName, value: string) => Promise<{ readonly keyId: string; readonly sealed: SealedText }>;
  /** @throws {HostError} `SECRETS_KEY_UNUSABLE` where its key is not here, `SECRET_CORRUPT`. */
  readonly unseal: (secret: SealedSecret) => string;
  /** Makes a new key the current one; a key that was given is new already. @throws {HostError} `SECRETS_KEY_UNUSABLE`. */
  readonly startRotation: () => Promise<{ readonly keyId: string; readonly isGiven: boolean }>;
  /** Forgets all keys but the current one; of those that were given, whoever gave them does. */
  readonly finishRotation: () => Promise<void>;
};

/** Where keys come from; `given` as texts, the first encrypts. Without a file, keys that are made go with the process. */
export type KeySource = { readonly given: readonly string[]; readonly file: KeyFile | undefined };

/** Reads the keys that there are. @throws {HostError} `SECRETS_KEY_UNUSABLE` for a key or a file that is not as it must be. */
export async function openKeyring({ given, file }: KeySource): Promise<Keyring> {
  const isGiven = given.length > 0;
  const keys = new Map<string, SecretsKey>();
  let texts = (await file?.read()) ?? [];
  let current: SecretsKey | undefined;
  for (const text of [...texts.toReversed(), ...given.toReversed()]) current = add(text);

  function add(text: string): SecretsKey {
    const key = parseKey(text);
    if (key === undefined) throw new HostError('SECRETS_KEY_UNUSABLE', { message: `a given key is not ${KEY_FORM}` });
    keys.set(key.id, key);
    return key;
  }

  async function makeCurrent(): Promise<SecretsKey> {
    const text = makeKeyText();
    await file?.write([text, ...texts]); // Y1
    texts = [text, ...texts];
    return (current = add(text));
  }

  return {
    isEmpty: () => current === undefined,
    has: (keyId) => keys.has(keyId),
    seal: async (which, value) => {
      const key = current ?? (await makeCurrent());
      return { keyId: key.id, sealed: seal(key, which, value) };
    },
    unseal: (secret) => {
      const key = keys.get(secret.key_id);
      if (key === undefined) throw keyMissing(secret);
      return unseal(key, secret, secret);
    },
    startRotation: async () => {
      const key = isGiven && current !== undefined ? current : await makeCurrent();
      return { keyId: key.id, isGiven };
    },
    finishRotation: async () => {
      const kept = isGiven ? [] : texts.slice(0, 1);
      if (kept.length !== texts.length) await file?.write(kept);
      texts = kept;
      if (isGiven) return; // Another node may still write with the older of them.
      for (const id of keys.keys()) if (id !== current?.id) keys.delete(id);
    },
  };
}

function keyMissing({ plugin_name, name, key_id }: SealedSecret): HostError {
  return new HostError('SECRETS_KEY_UNUSABLE', {
    message: `the secret "${name}" of plugin "${plugin_name}" is encrypted with the key ${key_id}, which is not here`,
  });
}
