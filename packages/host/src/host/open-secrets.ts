/**
 * Opens the secrets with the keys that a host is given, or that its data directory holds; for a host, and for a rotation while
 * no host runs.
 */
import { systemClock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import { openCatalogue, type Catalogue } from '../catalogue/catalogue.ts';
import type { Releases } from '../catalogue/releases.ts';
import { rotateSecrets, type Rotation } from '../catalogue/rotate-secrets.ts';
import { createSecrets, type SecretVault } from '../catalogue/secrets.ts';
import { openKeyFile } from '../secrets/key-file.ts';
import { openKeyring, type Keyring } from '../secrets/keyring.ts';
import type { FindOperatorSecret } from '../secrets/operator-secrets.ts';
import type { Storage } from '../storage/port.ts';
import type { HostSettings } from './settings.ts';

/**
 * Keys as a host is given them: none, and then they are those of the data directory, which the caller holds.
 *
 * @experimental
 */
export type SecretsKeys = {
  readonly dataDir: string | undefined;
  /** Base64 of 32 bytes each; the first encrypts, the others are read. */
  readonly secretsKeys: readonly string[];
};

type Joined = {
  readonly catalogue: Catalogue;
  readonly releases: Releases;
  readonly storage: Storage;
  readonly operatorSecret: FindOperatorSecret;
};

/** Opens the secrets of a host. @throws {HostError} `SECRETS_KEY_UNUSABLE`. */
export async function openSecrets(settings: HostSettings, joined: Joined): Promise<SecretVault> {
  const { clock, log } = settings;
  const keyring = await openKeys(settings);
  const lost = joined.catalogue.shelf.secrets().filter(({ key_id }) => !keyring.has(key_id));
  if (lost.length > 0) {
    const { code, hint } = new HostError('SECRETS_KEY_UNUSABLE');
    const key_ids = [...new Set(lost.map(({ key_id }) => key_id))];
    log.warn({ code, secrets: lost.length, key_ids, hint }, 'secrets are encrypted with a key that is not here');
  }
  return createSecrets({ ...joined, keyring, clock });
}

/**
 * Rotates the secrets of a storage that no host uses.
 *
 * @param keys - Where the keys are; the caller holds the data directory.
 * @throws {HostError} As `Secrets.rotate`.
 * @internal
 */
export async function rotateStoredSecrets(storage: Storage, keys: SecretsKeys, by: string): Promise<Rotation> {
  const keyring = await openKeys(keys);
  const catalogue = await openCatalogue(storage, systemClock);
  try {
    return await rotateSecrets({ catalogue, storage, keyring, clock: systemClock }, by);
  } finally {
    catalogue.close();
  }
}

function openKeys({ dataDir, secretsKeys }: SecretsKeys): Promise<Keyring> {
  return openKeyring({ given: secretsKeys, file: dataDir === undefined ? undefined : openKeyFile(dataDir) });
}
