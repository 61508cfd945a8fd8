/**
 * Counters and histograms as plain numbers under bounded labels. They are written on the call path, so that one
 * observation is a look-up and an addition; Prometheus' words are made only when somebody asks.
 */

/** Upper bounds of the buckets in seconds, lowest first; the last bucket, without a bound, is implied. */
export type Buckets = readonly number[];

/** Label of everything beyond a bound: one series for all of it, so that a flood of names costs nothing. */
export const OTHER = 'other';

/** A histogram: `counts` has one more item than there are bounds, each for its own bucket alone. */
export type Histogram = { readonly bounds: Buckets; readonly counts: Float64Array; sum: number };

/** Creates an empty histogram over the bounds. */
export function createHistogram(bounds: Buckets): Histogram {
  return { bounds, counts: new Float64Array(bounds.length + 1), sum: 0 };
}

/** Adds one observation, in seconds. O(bounds), allocates nothing. */
export function observe(histogram: Histogram, seconds: number): void {
  const { bounds, counts } = histogram;
  let bucket = 0;
  while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1;
  counts[bucket] = (counts[bucket] ?? 0) + 1;
  histogram.sum += seconds;
}

/** Series of one name by label; at most `labelsMax` labels and then {@link OTHER}. */
export type Family<Series> = {
  readonly of: (label: string) => Series;
  readonly entries: () => Iterable<[string, Series]>;
};

/** Creates a family whose series are made at their first use. `of` is O(1) and allocates only then. */
export function createFamily<Series>(labelsMax: number, create: () => Series): Family<Series> {
  const series = new Map<string, Series>();
  const add = (label: string): Series => {
    const made = create();
    series.set(label, made);
    return made;
  };
  const beyond = (): Series => series.get(OTHER) ?? add(OTHER);
  return {
    of: (label) => series.get(label) ?? (series.size < labelsMax ? add(label) : beyond()),
    entries: () => series.entries(),
  };
}
