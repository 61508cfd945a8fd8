/**
 * How strong a sandbox a release needs here (DESIGN 6): the strongest of what operator, tenant and manifest ask, and more
 * where the operator did not name its folder.
 */
import { callError, isTierAtLeast, strongestTier, type CallError, type Tier } from '@bulkhead/protocol';
import type { Release } from '../catalogue/releases.ts';

/** What the sandbox was measured to be, the least that the operator accepts, and the same for what came over the admin API. */
export type TierPolicy = { readonly tier: Tier; readonly minTier: Tier; readonly untrustedMinTier: Tier };

/** Returns why the sandbox here is too weak for a release, or undefined where it is not. */
export function refuseWeakSandbox(
  { tier, minTier, untrustedMinTier }: TierPolicy,
  { manifest, isTrusted }: Pick<Release, 'manifest' | 'isTrusted'>,
  tenantMinTier?: Tier,
): CallError | undefined {
  const byItself = strongestTier([minTier, tenantMinTier, manifest.sandbox.min_tier]);
  const needed = isTrusted ? byItself : strongestTier([byItself, untrustedMinTier]);
  if (isTierAtLeast(tier, needed)) return undefined;
  const message = `the plugin needs a sandbox of tier "${needed}"; this machine has "${tier}"`;
  if (isTierAtLeast(tier, byItself)) {
    const hint =
      'It came over the admin API: raise the sandbox, `bulkhead doctor` shows how, or accept it with `bulkhead serve --accept-weak-sandbox`.';
    return callError('SANDBOX_TOO_WEAK', { message, hint });
  }
  return callError('SANDBOX_TOO_WEAK', { message });
}
