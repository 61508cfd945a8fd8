/**
 * Series of what plugins ask the host for while they run: its services, and the network.
 */
import { createSeriesMetric, type Sample, type SeriesMetric } from './prometheus.ts';
import { createFamily, type Family } from './series.ts';

/** How they are counted; synchronous, O(1), and never throws. */
export type ServiceCounts = {
  /** Counts what a plugin asked of a service that exists; `code` is `ok` or of the error table. */
  readonly countServiceAsk: (service: string, code: string) => void;
  /** Counts a request of a plugin to the network; `code` is `ok` or of the error table. */
  readonly countEgressRequest: (plugin: string, code: string) => void;
  /** Counts bytes of bodies and URLs that went out for a plugin or came for it. */
  readonly countEgressBytes: (plugin: string, direction: 'sent' | 'received', bytes: number) => void;
};

type Pairs = Family<Family<{ value: number }>>;

const OUTER_LABELS_MAX = 1_000;
const INNER_LABELS_MAX = 64;

/** Creates them for one host. */
export function createServiceMetrics(): { readonly counts: ServiceCounts; readonly series: readonly SeriesMetric[] } {
  const asks = createPairs();
  const requests = createPairs();
  const bytes = createPairs();
  return {
    counts: {
      countServiceAsk: (service, code) => void (asks.of(service).of(code).value += 1),
      countEgressRequest: (plugin, code) => void (requests.of(plugin).of(code).value += 1),
      countEgressBytes: (plugin, direction, count) => void (bytes.of(plugin).of(direction).value += count),
    },
    series: [
      counter('service_asks_total', 'What plugins asked of the host, by how it was answered.', () =>
        samplesOf(asks, ['service', 'code']),
      ),
      counter('egress_requests_total', 'Requests of plugins to the network, by how they ended.', () =>
        samplesOf(requests, ['plugin', 'outcome']),
      ),
      counter('egress_bytes_total', 'Bytes that plugins sent to the network and had from it.', () =>
        samplesOf(bytes, ['plugin', 'direction']),
      ),
    ],
  };
}

function createPairs(): Pairs {
  return createFamily(OUTER_LABELS_MAX, () => createFamily(INNER_LABELS_MAX, () => ({ value: 0 })));
}

function counter(name: string, help: string, read: () => readonly Sample[]): SeriesMetric {
  return createSeriesMetric({ type: 'counter', name, help }, read);
}

function samplesOf(pairs: Pairs, [outer, inner]: readonly [string, string]): readonly Sample[] {
  return [...pairs.entries()].flatMap(([name, counted]) =>
    [...counted.entries()].map(([code, { value }]) => ({ labels: { [outer]: name, [inner]: code }, value })),
  );
}
