/**
 * Which tiers this machine offers, as a host measures them.
 */
import { createHost } from '@bulkhead/host';
import { TIERS, type Tier } from '@bulkhead/protocol';

/** Returns the tiers that hold here, weakest first. */
export async function tiersHere(): Promise<readonly Tier[]> {
  const measured = await Promise.all(TIERS.map(measure));
  return TIERS.filter((tier) => measured.includes(tier));
}

async function measure(tierMax: Tier): Promise<Tier> {
  await using host = await createHost({ tierMax, spareCount: 0 });
  return host.receipt.tier;
}
