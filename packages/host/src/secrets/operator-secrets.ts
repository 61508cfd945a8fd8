/**
 * Values that the operator gives to plugins for tenants that have set none of their own: keys of language models' providers
 * (X000-25 `api_key_env`). They stay in memory, are stored nowhere, and go the same ways as a tenant's: by placeholder, to the hosts
 * that the plugin declares.
 */
import type { Manifest } from '@bulkhead/protocol';

/** A value for plugins; `name` is that of the environment variable it is from. */
export type OperatorSecret = {
  readonly isFor: (manifest: Manifest) => boolean;
  readonly name: string;
  readonly value: string;
};

/** Finds the value of a secret that a manifest declares; undefined where the operator gave none. */
export type FindOperatorSecret = (manifest: Manifest, name: string) => string | undefined;

/** A value is that of the secret of its name, or of the only one that the plugin declares. */
export function findOperatorSecrets(given: readonly OperatorSecret[]): FindOperatorSecret {
  return (manifest, name) => {
    const declared = Object.keys(manifest.secrets);
    const isMeant = (own: string): boolean => (declared.includes(own) ? own === name : declared.length === 1);
    if (!declared.includes(name)) return undefined;
    return given.find((secret) => secret.isFor(manifest) && isMeant(secret.name))?.value;
  };
}
