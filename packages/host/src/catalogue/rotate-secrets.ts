/**
 * A rotation of the key that secrets are encrypted with, in steps of which each leaves every secret readable:
 *
 *   1. the new key is kept beside the old ones ─▶ 2. secrets are encrypted anew, some at a time ─▶ 3. the old ones go
 *
 * Killed between two of them, or in the middle of one, it is done again from the start.
 */
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { Keyring } from '../secrets/keyring.ts';
import type { CatalogueChange } from '../storage/catalogue-port.ts';
import type { SealedSecret, SecretStorage } from '../storage/secrets-port.ts';
import { audited } from './audited.ts';
import type { Catalogue } from './catalogue.ts';

/**
 * What a rotation did.
 *
 * @experimental
 */
export type Rotation = {
  /** The key that all secrets are encrypted with now; it names the key and tells nothing of it. */
  readonly key_id: string;
  /** Secrets that were encrypted anew. */
  readonly secrets: number;
  /** The host was given its keys: whoever gave them may take the older ones away now. */
  readonly is_given: boolean;
};

/** What is rotated. */
export type Rotated = {
  readonly catalogue: Pick<Catalogue, 'commit'>;
  readonly storage: SecretStorage;
  readonly keyring: Keyring;
  readonly clock: Clock;
};

/** Secrets in one commit: few enough that nobody waits for it. */
const SECRETS_PER_COMMIT = 100;
const VAIN_ROUNDS_MAX = 10;
const OUTRUN = 'secrets were set anew each time that they were to be rotated';
const AGAIN = 'Rotate again when nobody sets secrets; all of them can be read meanwhile.';

/** Rotates; the caller lets no secret be set meanwhile. @throws {HostError} As `Secrets.rotate`. */
export async function rotateSecrets(rotated: Rotated, by: string): Promise<Rotation> {
  const { storage, keyring } = rotated;
  const { keyId: key_id, isGiven: is_given } = await keyring.startRotation();
  let secrets = 0;
  let vainRounds = 0;
  let rows = await storage.listSecretsOfOtherKeys(key_id, SECRETS_PER_COMMIT);
  do {
    const written = await commitAnew(rotated, rows, { key_id, by });
    vainRounds = written === 0 ? vainRounds + 1 : 0;
    if (vainRounds > VAIN_ROUNDS_MAX) throw new HostError('REVISION_CONFLICT', { message: OUTRUN, hint: AGAIN });
    secrets += written;
    rows = await storage.listSecretsOfOtherKeys(key_id, SECRETS_PER_COMMIT);
  } while (rows.length > 0);
  await keyring.finishRotation();
  return { key_id, secrets, is_given };
}

/** Returns how many were written: none where one of them was set or removed meanwhile, and then all are read again. */
async function commitAnew(
  { catalogue, keyring, clock }: Rotated,
  rows: readonly SealedSecret[],
  { key_id, by }: { readonly key_id: string; readonly by: string },
): Promise<number> {
  const changes = await Promise.all(rows.map((row) => sealAnew(keyring, row)));
  const details = { key_id, secrets: rows.length };
  const deed = { actor: by, action: 'secret.rotate', tenant_id: null, resource: 'secrets', details };
  const misfit = await catalogue.commit(() => audited(clock, changes, deed));
  return misfit === undefined ? rows.length : 0;
}

/** Its time stays: that of its value. */
async function sealAnew(keyring: Keyring, secret: SealedSecret): Promise<CatalogueChange> {
  const { nonce: replaces, ciphertext: _old, ...row } = secret;
  const { keyId, sealed } = await keyring.seal(secret, keyring.unseal(secret));
  return { kind: 'put_secret', row: { ...row, key_id: keyId }, sealed, replaces };
}
