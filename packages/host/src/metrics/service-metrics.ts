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
  /** Counts bytes of bodies and URLs that went out for a tenant's plugin or came for it. */
  readonly countEgressBytes: (by: EgressBy, direction: 'sent' | 'received', bytes: number) => void;
};

/** For whom bytes move. */
export type EgressBy = { readonly plugin: string; readonly tenant: string };

type Count = { value: number };
type Pairs = Family<Family<Count>>;

const OUTER_LABELS_MAX = 1_000;
const INNER_LABELS_MAX = 64;
const PLUGINS_OF_TENANT_MAX = 64;

/** How they are counted, and read: `byTenant` names tenants, whom not everybody may know. */
export type ServiceMetrics = {
  readonly counts: ServiceCounts;
  readonly series: (byTenant: boolean) => readonly SeriesMetric[];
};

/** Creates them for one host. */
export function createServiceMetrics(): ServiceMetrics {
  const asks = createPairs();
  const requests = createPairs();
  const bytes = createPairs();
  const bytesOfTenants = createFamily(OUTER_LABELS_MAX, () => createFamily(PLUGINS_OF_TENANT_MAX, createDirections));
  return {
    counts: {
      countServiceAsk: (service, code) => void (asks.of(service).of(code).value += 1),
      countEgressRequest: (plugin, code) => void (requests.of(plugin).of(code).value += 1),
      countEgressBytes: ({ plugin, tenant }, direction, count) => {
        bytes.of(plugin).of(direction).value += count;
        bytesOfTenants.of(tenant).of(plugin).of(direction).value += count;
      },
    },
    series: (byTenant) => [
      counter('service_asks_total', 'What plugins asked of the host, by how it was answered.', () =>
        samplesOf(asks, ['service', 'code']),
      ),
      counter('egress_requests_total', 'Requests of plugins to the network, by how they ended.', () =>
        samplesOf(requests, ['plugin', 'outcome']),
      ),
      counter('egress_bytes_total', 'Bytes that plugins sent to the network and had from it.', () =>
        byTenant ? tenantSamples(bytesOfTenants) : samplesOf(bytes, ['plugin', 'direction']),
      ),
    ],
  };
}

function createPairs(): Pairs {
  return createFamily(OUTER_LABELS_MAX, () => createFamily(INNER_LABELS_MAX, createCount));
}

function createDirections(): Family<Count> {
  return createFamily(INNER_LABELS_MAX, createCount);
}

function createCount(): Count {
  return { value: 0 };
}

function counter(name: string, help: string, read: () => readonly Sample[]): SeriesMetric {
  return createSeriesMetric({ type: 'counter', name, help }, read);
}

function samplesOf(pairs: Pairs, [outer, inner]: readonly [string, string]): readonly Sample[] {
  return [...pairs.entries()].flatMap(([name, counted]) =>
    [...counted.entries()].map(([code, { value }]) => ({ labels: { [outer]: name, [inner]: code }, value })),
  );
}

function tenantSamples(tenants: Family<Pairs>): readonly Sample[] {
  return [...tenants.entries()].flatMap(([tenant, pairs]) =>
    samplesOf(pairs, ['plugin', 'direction']).map((sample) => ({ ...sample, labels: { tenant, ...sample.labels } })),
  );
}
