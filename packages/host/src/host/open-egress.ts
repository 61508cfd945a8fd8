/**
 * Joins `fetch` of plugins to the broker: what a release lists, what its operator allows, the tenant's secrets, and where it is
 * counted and written down.
 */
import { HostError } from '../base/host-error.ts';
import { systemTimer } from '../base/timer.ts';
import { audited } from '../catalogue/audited.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { SecretVault } from '../catalogue/secrets.ts';
import { createEgressAccounts, type EgressAccounts, type Mover } from '../egress/accounts.ts';
import { createBroker, type Errand } from '../egress/broker.ts';
import { openCassette } from '../egress/cassette.ts';
import { createDialer } from '../egress/dialer.ts';
import { openProxy } from '../egress/proxy.ts';
import type { GrantedSecret } from '../egress/secrets.ts';
import { grantedAs, type LiveSpec } from '../fleet/live-plugin.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Refused } from '../refusals/find-refusals.ts';
import type { OpenProxy } from '../sandbox/stdio/proxy-doors.ts';
import type { ServiceMethod, Speaker } from '../services/desk.ts';
import { createEgressService } from '../services/egress.ts';
import type { Batch } from '../storage/batch.ts';
import type { Storage } from '../storage/port.ts';
import type { UsageRow } from '../storage/usage-port.ts';
import type { Possessions } from './possessions.ts';
import type { HostSettings } from './settings.ts';

/** What egress is opened with. */
export type EgressParts = {
  readonly storage: Storage;
  readonly usage: Batch<UsageRow>;
  readonly metrics: Metrics;
  readonly catalogue: Catalogue;
  readonly secrets: SecretVault;
  readonly possessions: Possessions;
};

/** The service, and where instances are told of. */
export type HostEgress = {
  readonly methods: Readonly<Record<string, ServiceMethod>>;
  readonly didOpen: (speaker: Speaker, spec: LiveSpec) => void;
  readonly didLeave: (speaker: Speaker) => void;
  /** The host's end of the proxy of an MCP server, which is the same broker's. */
  readonly proxyOf: (server: OnlineServer) => OpenProxy;
};

/** An MCP server that was granted `internet`; a trial reaches nothing. */
export type OnlineServer = {
  readonly spec: LiveSpec;
  readonly tenant: string;
  readonly isTrial: boolean;
  readonly didRefuse: (refused: Refused) => void;
};

/** Opens it; nothing is connected before a plugin fetches. @throws {HostError} `CASSETTE_INVALID`. */
export async function openEgress(
  settings: HostSettings,
  parts: EgressParts,
  closing: AsyncDisposableStack,
): Promise<HostEgress> {
  const dialer = createDialer(settings.internet);
  closing.defer(() => dialer.close());
  const cassette = await openCassette(settings.cassette);
  if (cassette !== undefined) closing.defer(() => cassette.close());
  const specs = new WeakMap<Speaker, LiveSpec>();
  const write = createRefusalLog(settings, parts.catalogue);
  const accounts = openAccounts(settings, parts, closing);
  const meter = createMeter(parts.metrics, accounts, write);
  const broker = createBroker({ dialer, cassette });
  const errandOf = async (spec: LiveSpec, tenant: string) => {
    await accounts.prepare(tenant);
    const plugin = grantedAs(spec);
    const added = hostsAdded(settings, plugin);
    const rules = { allow: [...spec.manifest.network.allow, ...added], privateHosts: settings.privateHosts };
    return { added, errand: { rules, didMove: meter({ plugin, tenant }) } };
  };
  const service = createEgressService({
    broker,
    errandOf: async ({ speaker, tenant }) => {
      const spec = specs.get(speaker);
      if (spec === undefined) return undefined;
      const { added, errand } = await errandOf(spec, tenant);
      return { ...errand, secrets: secretsFor(parts, { spec, tenant, added }) };
    },
    didEnd: (request, code, error) => {
      parts.metrics.countEgressRequest(request.plugin, code);
      if (error?.code === 'EGRESS_REFUSED' && !request.speaker.isTrial) write(request, error);
    },
  });
  return {
    methods: service.methods,
    didOpen: (speaker, spec) => void specs.set(speaker, spec),
    didLeave: (speaker) => {
      specs.delete(speaker);
      service.didLeave(speaker);
    },
    proxyOf:
      ({ spec, tenant, isTrial, didRefuse }) =>
      (path) =>
        openProxy(path, {
          ...{ broker, dialer, now: settings.clock.now },
          errandOf: async () => {
            if (isTrial) throw new HostError('EGRESS_REFUSED', { message: TRIAL });
            return (await errandOf(spec, tenant)).errand;
          },
          didEnd: (code, error) => {
            parts.metrics.countEgressRequest(grantedAs(spec), code);
            if (error?.code !== 'EGRESS_REFUSED' || isTrial) return;
            write({ plugin: grantedAs(spec), tenant }, error);
            didRefuse(refusedByBroker(error));
          },
        }),
  };
}

function openAccounts(
  { clock }: HostSettings,
  { storage, usage, catalogue }: EgressParts,
  closing: AsyncDisposableStack,
): EgressAccounts {
  const quotaOf = (tenant: string) => catalogue.shelf.tenant(tenant)?.quota;
  const accounts = createEgressAccounts({ storage, clock, startTimer: systemTimer, quotaOf, add: usage.add });
  closing.defer(() => accounts.close());
  return accounts;
}

/** Counts what moves for a request, and ends it where its tenant's quota does; that is written down, too. */
function createMeter(
  metrics: Metrics,
  accounts: EgressAccounts,
  write: WriteRefusal,
): (mover: Mover) => Errand['didMove'] {
  return (mover) => (direction, bytes) => {
    const error = accounts.move(mover, { direction, bytes });
    if (error === undefined || direction === 'received') metrics.countEgressBytes(mover, direction, bytes);
    if (error === undefined) return;
    write(mover, error);
    throw error;
  };
}

const TRIAL = 'a trial reaches no network: let the server start without it';

/** Of what the broker refuses, a host that is not listed is what a manifest can change. */
function refusedByBroker({ code, details }: HostError): Refused {
  const { rule, target = '' } = details;
  const permission = rule === 'host' ? 'network.allow' : null;
  return { what: 'network', target: String(target), error: code, permission };
}

/** What the operator lets a plugin reach beside what its manifest lists. */
function hostsAdded({ pluginHosts }: HostSettings, plugin: string): readonly string[] {
  return Object.hasOwn(pluginHosts, plugin) ? (pluginHosts[plugin] ?? []) : [];
}

type Bearer = { readonly spec: LiveSpec; readonly tenant: string; readonly added: readonly string[] };

/** Those that the manifest declares, the tenant has set and the registration was granted. */
function secretsFor({ possessions, secrets }: EgressParts, { spec, tenant, added }: Bearer): readonly GrantedSecret[] {
  return Object.entries(possessions.secretsOf(spec, tenant)).flatMap(([name, placeholder]): GrantedSecret[] => {
    const declared = spec.manifest.secrets[name];
    if (declared === undefined) return [];
    const which = { tenant_id: tenant, plugin_name: grantedAs(spec), name };
    const hosts = [...declared.hosts, ...added];
    return [{ name, placeholder, ...declared, hosts, read: () => secrets.read(which) }];
  });
}

/** A plugin that tries again and again is written down once an hour for each target and rule, and never more than so often. */
const REFUSALS_KEPT_MS = 3_600_000;
const REFUSALS_KEPT_MAX = 1_000;

type WriteRefusal = (mover: Mover, error: HostError) => void;

/** Writes refusals into the audit log, for whoever asks what plugins wanted to reach; behind the answer. */
function createRefusalLog({ clock, log }: Pick<HostSettings, 'clock' | 'log'>, catalogue: Catalogue): WriteRefusal {
  const written = new Map<string, number>();
  return ({ tenant, plugin }, { details }) => {
    const { rule = '', target = '' } = details;
    const key = JSON.stringify([tenant, plugin, rule, target]);
    for (const [other, at] of written) if (clock.now() - at >= REFUSALS_KEPT_MS) written.delete(other);
    if (written.has(key) || written.size >= REFUSALS_KEPT_MAX) return;
    written.set(key, clock.now());
    const deed = {
      ...{ actor: `plugin:${plugin}`, action: 'egress.refuse', tenant_id: tenant, resource: plugin },
      details: { rule: String(rule), target: String(target) },
    };
    catalogue
      .commit(() => audited(clock, [], deed))
      .catch((error: unknown) => log.warn({ err: error, plugin }, UNWRITTEN));
  };
}

const UNWRITTEN = 'a refused request to the network could not be written into the audit log';
