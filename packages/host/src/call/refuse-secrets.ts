/**
 * Nothing of a plugin is loaded for a tenant that has yet to set what its manifest declares; others are served (DESIGN 3).
 */
import { callError, type CallError, type Manifest } from '@bulkhead/protocol';
import type { SecretVault } from '../catalogue/secrets.ts';

/** Where it is known which secrets are set. */
export type SecretPolicy = { readonly secrets: Pick<SecretVault, 'missing'> };

/** Names the first secret that is missing, with the command that sets it; undefined where all are set. */
export function refuseSecrets({ secrets }: SecretPolicy, tenant: string, manifest: Manifest): CallError | undefined {
  const missing = secrets.missing(tenant, manifest);
  if (missing === undefined) return undefined;
  return callError('SECRET_MISSING', {
    message: `plugin "${manifest.name}" needs the secret "${missing}", which is not set for this tenant`,
    hint: `Set it: \`bulkhead secrets set ${manifest.name} ${missing}\`.`,
  });
}
