/**
 * Fronts of points of which none is better in one objective without being worse in another. Every objective is higher the better.
 */

/** A point; all that are compared have as many objectives. */
export type Objectives = readonly number[];

/** Tells whether the first is nowhere worse and somewhere better. */
export function dominates(one: Objectives, other: Objectives): boolean {
  let isBetter = false;
  for (let at = 0; at < one.length; at += 1) {
    const [mine = 0, yours = 0] = [one[at], other[at]];
    if (mine < yours) return false;
    if (mine > yours) isBetter = true;
  }
  return isBetter;
}

/**
 * Sorts points into fronts, the one that nothing dominates first; places in each in ascending order. O(objectives · n²) at worst, mostly
 * far less, since a point is compared with those only that may dominate it.
 *
 * @see Deb et al. 2002 (NSGA-II); Zhang et al. 2015 (efficient non-dominated sort).
 */
export function paretoFronts(points: readonly Objectives[]): readonly (readonly number[])[] {
  // In descending order of the first objective, then the next: none is dominated by one that comes after it.
  const order = points.map((_, place) => place).toSorted((one, other) => compare(points[one], points[other]));
  const fronts: number[][] = [];
  for (const place of order) {
    const point = points[place] ?? [];
    const front = fronts.find((each) => !each.some((there) => dominates(points[there] ?? [], point)));
    if (front === undefined) fronts.push([place]);
    else front.push(place);
  }
  return fronts.map((front) => front.toSorted((one, other) => one - other));
}

/**
 * How lonely each point of a front is: over the objectives, the distance between its neighbours as a share of the range; infinite at the
 * ends.
 *
 * @see Deb et al. 2002, section III-B.
 */
export function crowdingDistances(points: readonly Objectives[]): readonly number[] {
  const distances = points.map(() => 0);
  const width = points[0]?.length ?? 0;
  for (let objective = 0; objective < width; objective += 1) {
    const at = (place: number): number => points[place]?.[objective] ?? 0;
    const order = points.map((_, place) => place).toSorted((one, other) => at(one) - at(other));
    const [first = 0, last = 0] = [order[0], order.at(-1)];
    const range = at(last) - at(first);
    if (range === 0) continue; // All are equal in it: it tells nobody apart.
    distances[first] = Number.POSITIVE_INFINITY;
    distances[last] = Number.POSITIVE_INFINITY;
    for (let step = 1; step < order.length - 1; step += 1) {
      const [before = 0, place = 0, after = 0] = [order[step - 1], order[step], order[step + 1]];
      distances[place] = (distances[place] ?? 0) + (at(after) - at(before)) / range;
    }
  }
  return distances;
}

function compare(one: Objectives = [], other: Objectives = []): number {
  const at = one.findIndex((value, objective) => value !== other[objective]);
  return at === -1 ? 0 : (other[at] ?? 0) - (one[at] ?? 0);
}
