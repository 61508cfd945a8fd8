/**
 * Nothing of a plugin is loaded for a tenant that has yet to set what its manifest declares; others are served (DESIGN 3).
 */
import { callError, type CallError, type Manifest } from '@bulkhead/protocol';
import type { SecretVault } from '../catalogue/secrets.ts';

/** Where it is known which secrets are set. */
export type SecretPolicy = { readonly secrets: Pick<SecretVault, 'missing'> };

/** A release that a tenant runs, and what its registration of it was granted. */
export type SecretsCase = {
  readonly release: { readonly manifest: Manifest };
  readonly registration: { readonly granted_permissions: readonly string[] };
};

/** Names the first secret that is missing, with the command that sets it; undefined where all are set. */
export function refuseSecrets(
  { secrets }: SecretPolicy,
  tenant: string,
  { release: { manifest }, registration }: SecretsCase,
): CallError | undefined {
  const doesWithout = manifest.optional_permissions.includes('secrets');
  if (doesWithout && !registration.granted_permissions.includes('secrets')) return undefined;
  const missing = secrets.missing(tenant, manifest);
  if (missing === undefined) return undefined;
  return callError('SECRET_MISSING', {
    message: `plugin "${manifest.name}" needs the secret "${missing}", which is not set for this tenant`,
    hint: `Set it: \`bulkhead secrets set ${manifest.name} ${missing}\`.`,
  });
}
