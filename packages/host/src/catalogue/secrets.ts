/**
 * Secrets of tenants: set, removed and rotated by administrators, read by the host alone. Values come in and are encrypted;
 * no list, error, log or line of the audit log holds one, nor its length.
 */
import { DEFAULT_TENANT, LIMITS, type Manifest } from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import { createTurns, type Turns } from '../base/turns.ts';
import type { Keyring } from '../secrets/keyring.ts';
import type { FindOperatorSecret } from '../secrets/operator-secrets.ts';
import type { CatalogueChange } from '../storage/catalogue-port.ts';
import type { SecretName, SecretRow, SecretStorage } from '../storage/secrets-port.ts';
import { EMBEDDER, audited } from './audited.ts';
import type { Catalogue } from './catalogue.ts';
import { putTenant } from './registration-writes.ts';
import type { Releases } from './releases.ts';
import { rotateSecrets, type Rotation } from './rotate-secrets.ts';

/**
 * A name that the tenant's release declares, or under which a secret is set; where it may go, and never what it is.
 *
 * @public
 */
export type SecretEntry = {
  readonly name: string;
  /** False for one that is left from another release: it goes nowhere, and can only be removed. */
  readonly is_declared: boolean;
  readonly is_set: boolean;
  /** When its value was set, as ISO 8601. */
  readonly updated_at: string | null;
  /** Exact hosts with their ports. */
  readonly hosts: readonly string[];
  /** Places of a request: header, query, body. */
  readonly in: readonly string[];
};

/**
 * A value under a name of the manifest: 1 byte to 16 KiB as UTF-8.
 *
 * @public
 */
export type NewSecret = { readonly name: string; readonly value: string };

/**
 * Whose secret, `default` where it is left out; `by` is the actor for the audit log.
 *
 * @public
 */
export type SecretOptions = { readonly tenant?: string; readonly by?: string };

/**
 * The secrets of one host. Writes reject with `STORAGE_UNAVAILABLE` and change nothing.
 *
 * @public
 */
export type Secrets = {
  /** Sorted by name. @throws {HostError} `PLUGIN_NOT_FOUND` where the tenant has no registration of the plugin. */
  readonly list: (plugin: string, options?: SecretOptions) => readonly SecretEntry[];
  /**
   * Sets or replaces a secret that the tenant's release declares; it holds for the next call.
   *
   * @throws {HostError} `PLUGIN_NOT_FOUND`, `SECRET_UNDECLARED`, `SECRET_REFUSED`, `SECRETS_KEY_UNUSABLE`.
   */
  readonly set: (plugin: string, secret: NewSecret, options?: SecretOptions) => Promise<SecretEntry>;
  /** Silent where it is declared and not set. @throws {HostError} `PLUGIN_NOT_FOUND`, `SECRET_UNDECLARED`. */
  readonly remove: (plugin: string, secret: string, options?: SecretOptions) => Promise<void>;
  /**
   * Encrypts every secret anew: with a new key, or with the first of those that the host was given. Killed at any step it
   * leaves all readable.
   *
   * @throws {HostError} `SECRETS_KEY_UNUSABLE`, `SECRET_CORRUPT` where one cannot be read; the older keys stay then.
   */
  readonly rotate: (options?: Pick<SecretOptions, 'by'>) => Promise<Rotation>;
};

/** What the host itself asks; never offered to anybody else. */
export type SecretVault = Secrets & {
  /** A name that the manifest declares and that is not set for the tenant; undefined where all are. O(names declared). */
  readonly missing: (tenant: string, manifest: Manifest) => string | undefined;
  /** The value; undefined where it is not set. @throws {HostError} `SECRETS_KEY_UNUSABLE`, `SECRET_CORRUPT`. */
  readonly read: (which: SecretName) => Promise<string | undefined>;
};

/** What secrets are made of. */
export type SecretsOptions = {
  readonly catalogue: Catalogue;
  readonly releases: Pick<Releases, 'registeredRelease'>;
  readonly storage: SecretStorage;
  readonly keyring: Keyring;
  readonly clock: Clock;
  /** What the operator gives for tenants that have set nothing. */
  readonly operatorSecret: FindOperatorSecret;
};

type Vault = SecretsOptions & { readonly inTurn: Turns };

/** Creates the secrets of a catalogue. */
export function createSecrets(options: SecretsOptions): SecretVault {
  const { storage, keyring, catalogue, releases, operatorSecret } = options;
  const vault: Vault = { ...options, inTurn: createTurns() };
  return {
    list: (plugin, { tenant = DEFAULT_TENANT } = {}) => list(vault, tenant, plugin),
    set: async (plugin, { name, value }, { tenant = DEFAULT_TENANT, by = EMBEDDER } = {}) =>
      set(vault, { tenant_id: tenant, plugin_name: plugin, name }, { value, by }),
    remove: async (plugin, name, { tenant = DEFAULT_TENANT, by = EMBEDDER } = {}) =>
      remove(vault, { tenant_id: tenant, plugin_name: plugin, name }, by),
    rotate: ({ by = EMBEDDER } = {}) => vault.inTurn(() => rotateSecrets(options, by)),
    missing: (tenant, manifest) => {
      const names = Object.keys(manifest.secrets);
      if (names.length === 0) return undefined;
      const known = catalogue.shelf.secretsOf(tenant, manifest.name);
      return names.find((name) => !known.has(name) && operatorSecret(manifest, name) === undefined);
    },
    read: async (which) => {
      const sealed = await storage.readSecret(which);
      if (sealed !== undefined) return keyring.unseal(sealed);
      const release = releases.registeredRelease(which.tenant_id, which.plugin_name);
      return release && operatorSecret(release.manifest, which.name);
    },
  };
}

function list({ catalogue, releases }: Vault, tenant: string, plugin: string): readonly SecretEntry[] {
  const { secrets } = registered(releases, tenant, plugin);
  const known = catalogue.shelf.secretsOf(tenant, plugin);
  const names = new Set([...Object.keys(secrets), ...known.keys()]);
  return [...names].toSorted().map((name) => entryOf(name, secrets[name], known.get(name)));
}

function entryOf(name: string, declared: Manifest['secrets'][string] | undefined, row?: SecretRow): SecretEntry {
  return {
    name,
    is_declared: declared !== undefined,
    is_set: row !== undefined,
    updated_at: row?.updated_at ?? null,
    hosts: declared?.hosts ?? [],
    in: declared?.in ?? [],
  };
}

type Wanted = { readonly value: string; readonly by: string };

/** Takes its turn with rotations, so that nothing is encrypted with a key that is just being forgotten. */
async function set(vault: Vault, which: SecretName, { value, by }: Wanted): Promise<SecretEntry> {
  const { releases, catalogue } = vault;
  const { secrets } = registered(releases, which.tenant_id, which.plugin_name);
  const declared = Object.hasOwn(secrets, which.name) ? secrets[which.name] : undefined;
  if (declared === undefined) throw undeclared(which, Object.keys(secrets));
  insistOnValue(value);
  return vault.inTurn(async () => {
    insistOnRoom(catalogue, which);
    insistOnKey(vault);
    const { keyId, sealed } = await vault.keyring.seal(which, value);
    await commitSet(vault, { which, by, keyId, sealed });
    return entryOf(which.name, declared, rowOf(catalogue, which));
  });
}

type Sealed = Awaited<ReturnType<Keyring['seal']>> & { readonly which: SecretName; readonly by: string };

async function commitSet({ catalogue, clock }: Vault, { which, by, keyId, sealed }: Sealed): Promise<void> {
  const misfit = await catalogue.commit(() => {
    const now = isoTime(clock.wallTime());
    const created_at = rowOf(catalogue, which)?.created_at ?? now;
    const row = { ...which, key_id: keyId, created_at, updated_at: now };
    const put: CatalogueChange = { kind: 'put_secret', row, sealed };
    const isKnown = catalogue.shelf.tenant(which.tenant_id) !== undefined;
    const changes = isKnown ? [put] : [putTenant({ clock }, which.tenant_id), put];
    return audited(clock, changes, deed('secret.set', which, by));
  });
  if (misfit !== undefined) throw new HostError('TENANT_NOT_FOUND');
}

async function remove({ catalogue, releases, clock }: Vault, which: SecretName, by: string): Promise<void> {
  const { secrets } = registered(releases, which.tenant_id, which.plugin_name);
  if (rowOf(catalogue, which) === undefined) {
    if (Object.hasOwn(secrets, which.name)) return;
    throw undeclared(which, Object.keys(secrets));
  }
  await catalogue.commit(() => audited(clock, [{ kind: 'remove_secret', ...which }], deed('secret.remove', which, by)));
}

function deed(action: string, { tenant_id, plugin_name, name }: SecretName, actor: string) {
  return { actor, action, tenant_id, resource: `plugin ${plugin_name}`, details: { secret: name } };
}

function rowOf({ shelf }: Catalogue, { tenant_id, plugin_name, name }: SecretName): SecretRow | undefined {
  return shelf.secretsOf(tenant_id, plugin_name).get(name);
}

const SHOWN_CHARACTERS = 80;

function registered(releases: Vault['releases'], tenant: string, plugin: string): Manifest {
  const release = releases.registeredRelease(tenant, plugin);
  if (release !== undefined) return release.manifest;
  const message = `Plugin '${plugin.slice(0, SHOWN_CHARACTERS)}' is not registered for this tenant`;
  throw new HostError('PLUGIN_NOT_FOUND', { message });
}

function undeclared({ plugin_name, name }: SecretName, declared: readonly string[]): HostError {
  const shown = JSON.stringify(name.slice(0, SHOWN_CHARACTERS));
  const known = declared.length === 0 ? 'it declares none' : `it declares ${declared.join(', ')}`;
  return new HostError('SECRET_UNDECLARED', {
    message: `plugin "${plugin_name}" declares no secret ${shown}; ${known}`,
  });
}

/** What is wrong with a value is said without the value, and without its length. */
function insistOnValue(value: string): void {
  const bytesMax = LIMITS.secret_bytes.value;
  if (value === '') throw new HostError('SECRET_REFUSED', { message: 'the value is empty' });
  if (!value.isWellFormed()) throw new HostError('SECRET_REFUSED', { message: 'the value is no Unicode text' });
  if (Buffer.byteLength(value) > bytesMax)
    throw new HostError('SECRET_REFUSED', { message: `the value has more than ${bytesMax} bytes` });
}

function insistOnRoom(catalogue: Catalogue, which: SecretName): void {
  const allowed = LIMITS.tenant_secrets.value;
  const observed = catalogue.shelf.secretCountOf(which.tenant_id);
  if (observed < allowed || rowOf(catalogue, which) !== undefined) return;
  throw new HostError('SECRET_REFUSED', {
    message: `the tenant has ${observed} secrets; expected at most ${allowed}`,
    hint: 'Remove those that are no longer needed: `bulkhead secrets remove PLUGIN NAME`.',
    limit: { name: 'tenant_secrets', allowed, observed, unit: LIMITS.tenant_secrets.unit },
  });
}

/** A host that lost its key would else go on with a new one, and a second node with one of its own. */
function insistOnKey({ catalogue, keyring }: Vault): void {
  const [first] = keyring.isEmpty() ? catalogue.shelf.secrets() : [];
  if (first === undefined) return;
  throw new HostError('SECRETS_KEY_UNUSABLE', {
    message: `there are secrets that are encrypted with the key ${first.key_id}, and this server has no key`,
  });
}
