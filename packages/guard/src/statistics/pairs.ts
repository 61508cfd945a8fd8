/**
 * Shapes of results on the same cases, by which of the two implementations passed. "Discordant" are pairs that only one of them passed.
 */

/**
 * Pairs that only one of the two passed.
 *
 * @public
 */
export type DiscordantPairs = { readonly onlyCandidate: number; readonly onlyBaseline: number };

/**
 * Discordant pairs among n pairs.
 *
 * @public
 */
export type PairedCounts = DiscordantPairs & { readonly n: number };

/**
 * Discordant pairs, and those that came out the same for both.
 *
 * @public
 */
export type ComparedPairs = DiscordantPairs & { readonly same: number };

/**
 * The four cells of n pairs: whom each case passed.
 *
 * @public
 */
export type PairedTable = DiscordantPairs & { readonly both: number; readonly neither: number };
