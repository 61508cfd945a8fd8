/**
 * Who travels where between islands.
 */

/**
 * A program that is to be taken in on another island.
 *
 * @public
 */
export type Migration = { readonly programId: string; readonly from: number; readonly to: number };

/** How islands are joined: each with the next, each with each, or all with the first. */
export type Topology = 'ring' | 'full' | 'star';

/** Pairs of an island and one that it sends to, in a fixed order. */
export function routes(islands: number, topology: Topology): readonly (readonly [from: number, to: number])[] {
  const all = Array.from({ length: islands }, (_, island) => island);
  const pairs = all.flatMap((from) => all.filter((to) => to !== from).map((to) => [from, to] as const));
  switch (topology) {
    case 'ring':
      return pairs.filter(([from, to]) => to === (from + 1) % islands);
    case 'full':
      return pairs;
    case 'star':
      return pairs.filter(([from, to]) => from === 0 || to === 0);
  }
}

/** Tells whether something that happens every so many evaluations happens after this one; 0 is never. */
export function isDue(evaluations: number, every: number): boolean {
  return every > 0 && evaluations > 0 && evaluations % every === 0;
}
