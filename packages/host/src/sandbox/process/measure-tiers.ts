/**
 * Finds the strongest tier that holds on this machine by trying them from the strongest down. What is installed only
 * decides what is worth trying; what holds is what the self-test saw refused. Starts no process itself.
 */
import { TIERS, type Receipt, type Tier } from '@bulkhead/protocol';
import { tierObstacle } from './command.ts';
import { makeReceipt, missingForTier, type ProbeReport } from './receipt.ts';
import type { Toolset } from './toolset.ts';

/** What measuring needs; how a self-test is run is the caller's. */
export type MeasureOptions = {
  readonly toolset: Toolset;
  /** Tiers worth trying, weakest first; all of them where it is left out. */
  readonly tiers?: readonly Tier[];
  /** Runs the self-test at a tier, both ways; `failed` says why it could not be run, in words for an operator. */
  readonly runProbe: (tier: Tier) => Promise<ProbeReport | { readonly failed: string }>;
  readonly kernel: string;
  readonly node: string;
  /** ISO 8601. */
  readonly checkedAt: string;
};

/** The receipt of the strongest tier that holds, or why not even the weakest does. */
export type MeasuredTiers =
  { readonly holds: true; readonly receipt: Receipt } | { readonly holds: false; readonly above: Receipt['above'] };

/** Measures. At most one self-test a tier; a machine that holds the strongest runs one. */
export async function measureTiers(options: MeasureOptions): Promise<MeasuredTiers> {
  const above: { readonly tier: Tier; readonly reason: string }[] = [];
  for (const tier of (options.tiers ?? TIERS).toReversed()) {
    const tried = await tryTier(tier, options);
    if (tried.report !== undefined)
      return { holds: true, receipt: makeReceipt({ ...options, tier, report: tried.report, above }) };
    above.push({ tier, reason: tried.reason });
  }
  return { holds: false, above };
}

type Tried =
  | { readonly report: ProbeReport; readonly reason?: undefined }
  | { readonly report?: undefined; readonly reason: string };

async function tryTier(tier: Tier, { toolset, runProbe }: MeasureOptions): Promise<Tried> {
  const obstacle = tierObstacle(tier, toolset);
  if (obstacle !== undefined) return { reason: obstacle };
  const report = await runProbe(tier).catch((error: unknown) => ({ failed: String(error) }));
  if ('failed' in report) return { reason: `the self-test did not run: ${report.failed}` };
  const missing = missingForTier(tier, report);
  return missing.length === 0 ? { report } : { reason: `not refused there: ${missing.join('; ')}` };
}
