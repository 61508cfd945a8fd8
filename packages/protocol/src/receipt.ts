/**
 * What a sandbox was measured to be on this machine: the tier, and each layer with how it was tested (DESIGN 6).
 */

/**
 * Weakest first. A release, tenant or operator that needs more than what holds is refused.
 *
 * @public
 */
export const TIERS = ['process', 'uid', 'confined', 'jail'] as const;
/**
 * A word of {@link TIERS}.
 *
 * @public
 */
export type Tier = (typeof TIERS)[number];

/**
 * One layer: `how` says what the self-test saw, and where it does not hold, what would raise it.
 *
 * @public
 */
export type Layer = { readonly name: string; readonly holds: boolean; readonly how: string };

/**
 * The enforcement receipt. `layers` lists every known layer, also those that do not hold; `checked_at` is ISO 8601.
 * `above` says for each stronger tier why it was not reached.
 *
 * @public
 */
export type Receipt = {
  readonly tier: Tier;
  readonly layers: readonly Layer[];
  readonly above: readonly { readonly tier: Tier; readonly reason: string }[];
  readonly kernel: string;
  readonly node: string;
  readonly checked_at: string;
  /** Guests are not started by the command that was measured: they carry an inspector. Only `bulkhead debug DIR` does that. */
  readonly debug?: true;
};

/**
 * Returns the tier, or undefined where the text names none.
 *
 * @public
 */
export function parseTier(text: unknown): Tier | undefined {
  return TIERS.find((tier) => tier === text);
}

/**
 * Tells whether a sandbox of tier `has` satisfies a need of tier `needs`.
 *
 * @public
 */
export function isTierAtLeast(has: Tier, needs: Tier): boolean {
  return TIERS.indexOf(has) >= TIERS.indexOf(needs);
}

/**
 * Returns the strongest of the tiers, `process` where there is none.
 *
 * @public
 */
export function strongestTier(tiers: readonly (Tier | undefined)[]): Tier {
  let strongest: Tier = 'process';
  for (const tier of tiers) if (tier !== undefined && isTierAtLeast(tier, strongest)) strongest = tier;
  return strongest;
}
