/**
 * Joins this host to the other nodes of its storage: what it says of its plugins comes from the registry, and the calls of
 * a node that is lost are ended as those of a host that was killed.
 */
import type { Tier } from '@bulkhead/protocol';
import { isoTime } from '../base/clock.ts';
import { systemTimer } from '../base/timer.ts';
import type { Releases } from '../catalogue/releases.ts';
import { openNodes, type Nodes } from '../nodes/nodes.ts';
import { toNodePlugin } from '../registry/across-nodes.ts';
import type { Registry } from '../registry/registry.ts';
import type { NodePlugin } from '../storage/nodes-port.ts';
import type { Storage } from '../storage/port.ts';
import { endLostAgentRuns } from './end-lost-agent-runs.ts';
import { endLostCalls } from './end-lost-calls.ts';
import type { HostSettings } from './settings.ts';

/** The opened parts that nodes are made of, and the id of this one. */
export type NodeParts = {
  readonly node: string;
  readonly storage: Storage;
  readonly registry: Registry;
  readonly releases: Pick<Releases, 'releasesOf'>;
  readonly tier: Tier;
};

/** Opens the nodes. */
export function openHostNodes(settings: HostSettings, parts: NodeParts): Promise<Nodes> {
  const { node, storage, tier } = parts;
  const { clock, log, platformVersion, hostName, nodeTiming: timing } = settings;
  return openNodes({
    ...{ storage, clock, log, startTimer: systemTimer },
    timing,
    self: { id: node, host_name: hostName, version: platformVersion, tier, started_at: isoTime(clock.wallTime()) },
    plugins: () => pluginsOf(parts),
    endLost: async (lost) => {
      await endLostCalls(storage, { node: lost, clock });
      await endLostAgentRuns(storage, { node: lost, clock });
    },
  });
}

/** Where folders lie on this machine concerns nobody on another. */
function pluginsOf({ registry, releases }: Pick<NodeParts, 'registry' | 'releases'>): readonly NodePlugin[] {
  const full = new Map(registry.list({ showThrownText: true }).map(({ name, reason }) => [name, reason]));
  return registry.list({ showThrownText: false }).map((seen) => {
    const isReleased = releases.releasesOf(seen.name).length > 0;
    return toNodePlugin(seen, { fullReason: full.get(seen.name), isReleased });
  });
}
