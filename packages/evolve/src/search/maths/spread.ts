/**
 * Middle and spread of numbers that are in order.
 */

/** The median of numbers in order, from the highest or from the lowest; 0 of none. */
export function medianOfOrdered(count: number, at: (place: number) => number): number {
  if (count === 0) return 0;
  const middle = count >> 1;
  return count % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
}

/**
 * The median of the distances from the median. Numbers in order lie on both sides of it with growing distances, so half of them are
 * walked through from the middle, and nothing is sorted.
 */
export function medianDeviation(count: number, at: (place: number) => number): number {
  const median = medianOfOrdered(count, at);
  const distance = (place: number): number =>
    place >= 0 && place < count ? Math.abs(at(place) - median) : Number.POSITIVE_INFINITY;
  let [left, right] = [(count >> 1) - 1, count >> 1];
  let [previous, last] = [0, 0];
  for (let taken = 0; taken <= count >> 1; taken += 1) {
    previous = last;
    const isLeft = distance(left) <= distance(right);
    last = distance(isLeft ? left : right);
    if (isLeft) left -= 1;
    else right += 1;
  }
  if (count === 0) return 0;
  return count % 2 === 1 ? last : (previous + last) / 2;
}
