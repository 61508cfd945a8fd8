/**
 * The search for the first whole number of which a claim holds, where it holds of all that follow.
 */

/** The first from `first` up; `last` where the claim holds of none before it. */
export function firstWhere(claim: (at: number) => boolean, [first, last]: readonly [number, number]): number {
  let low = first;
  let high = last;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (claim(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
