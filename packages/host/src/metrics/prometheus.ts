/**
 * The seam to prom-client: its page asks each metric for its values, and ours answer from plain numbers. Its own counters
 * hash their labels at every increment, which costs more than a whole call of ours may.
 */
import type { Metric } from 'prom-client';
import type { Histogram } from './series.ts';

type Labels = Readonly<Record<string, string>>;

/** One line of a counter or gauge, or all lines of one histogram. */
export type Sample = { readonly labels: Labels } & ({ readonly value: number } | { readonly histogram: Histogram });

/** A metric as a prom-client page takes it. */
export type SeriesMetric = Metric;

type Line = {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
};

/** What Prometheus is told of a series beside its values. */
export type SeriesHead = {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly help: string;
};

/**
 * Creates a metric that is read when the page is rendered.
 *
 * @param read - Its samples at that moment; must not throw.
 */
export function createSeriesMetric(head: SeriesHead, read: () => readonly Sample[]): SeriesMetric {
  const get = () =>
    Promise.resolve({ ...head, aggregator: 'sum', values: read().flatMap((sample) => linesOf(head.name, sample)) });
  // A page uses no more of a metric than its name and `get`; the class type has private parts that ours cannot have.
  return { name: head.name, get, reset: () => undefined } as unknown as SeriesMetric;
}

/** Writes a page. Loads prom-client for the first one: most processes that load the host render none. */
export async function renderPage(series: readonly SeriesMetric[]): Promise<string> {
  const { Registry: Page } = await import('prom-client');
  const page = new Page();
  for (const metric of series) page.registerMetric(metric);
  return page.metrics();
}

function linesOf(name: string, sample: Sample): readonly Line[] {
  if ('value' in sample) return [{ metricName: name, labels: sample.labels, value: sample.value }];
  const { labels, histogram } = sample;
  let count = 0;
  const buckets = [...histogram.counts].map((inBucket, index) => {
    count += inBucket;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: histogram.bounds[index] ?? '+Inf' }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: histogram.sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
