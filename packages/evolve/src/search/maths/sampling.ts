/**
 * Samples without replacement.
 */
import type { Random } from '@bulkhead/guard/statistics';

/**
 * So many different places below `count`, in the order in which they were drawn, each set as likely as any other; all of them in their
 * own order where `k` is not below `count`. O(k).
 *
 * @see Floyd, in Bentley 1987, "A sample of brilliance"; here as a shuffle of which only the moved entries are kept.
 */
export function samplePlaces(count: number, k: number, random: Random): readonly number[] {
  if (k >= count) return Array.from({ length: count }, (_, place) => place);
  const moved = new Map<number, number>();
  return Array.from({ length: k }, (_, at) => {
    const drawn = at + random.below(count - at);
    const place = moved.get(drawn) ?? drawn;
    moved.set(drawn, moved.get(at) ?? at);
    return place;
  });
}
