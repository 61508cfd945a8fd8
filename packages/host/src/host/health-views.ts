/**
 * Health as somebody sees it: the registry's truth, without what is not theirs to see, and with what their administrator
 * decided (X004-2).
 */
import type { PluginHealth } from '@bulkhead/protocol';
import { refuseSecrets } from '../call/refuse-secrets.ts';
import type { Host } from '../host-api.ts';
import { mergeNodes } from '../registry/across-nodes.ts';
import type { HealthView } from '../registry/health.ts';
import { composeReason } from '../registry/reason.ts';
import type { HostParts } from './open-parts.ts';

/** Makes the part of the embedding API that tells how plugins are. */
export function createHealthViews({ call, nodes }: HostParts): Pick<Host, 'plugins' | 'health'> {
  const { registry, releases } = call;

  /** A plugin without a release was refused or lacks something, which the operator's own folders alone can. */
  function isShown(name: string, { isOutside, scope }: HealthView): boolean {
    if (isOutside !== true) return true;
    return releases.releasesOf(name).length === 0 || releases.visibleTo(scope, name).length > 0;
  }

  function seen(found: PluginHealth, { scope }: HealthView): PluginHealth {
    if (releases.isDisabled(found.name, scope)) return disabled(found);
    const reason = scope === undefined || found.state === 'UNAVAILABLE' ? undefined : lackOf(found.name, scope);
    return reason === undefined ? found : { ...found, state: 'UNAVAILABLE', reason };
  }

  /** What the tenant has yet to provide is its own standing, and nobody else's (DESIGN 3). */
  function lackOf(name: string, scope: string): string | undefined {
    const resolution = releases.resolve(scope, name);
    if (resolution.kind === 'refused') return undefined;
    const lacking = refuseSecrets(call, scope, resolution);
    if (lacking === undefined) return undefined;
    return composeReason({ code: 'SECRET_MISSING', message: lacking.message, cure: lacking.hint });
  }

  /** What a tenant's own scope is like on other nodes is not told from node to node. */
  function everywhere(name: string, view: HealthView): PluginHealth | undefined {
    const own = registry.health(name, view);
    if (view.scope !== undefined) return own;
    // One that was taken out goes on every node, each in its time.
    const isGone = releases.releasesOf(name).length === 0;
    const others = (nodes.elsewhere().get(name) ?? []).filter((told) => !(isGone && told.is_released));
    return mergeNodes(own, others, view);
  }

  function health(name: string, view: HealthView = EVERYTHING): PluginHealth | undefined {
    const found = isShown(name, view) ? everywhere(name, view) : undefined;
    return found === undefined ? undefined : seen(found, view);
  }

  function plugins(view: HealthView = EVERYTHING): readonly PluginHealth[] {
    const elsewhere = nodes.elsewhere();
    const own = registry.list(view).filter(({ name }) => isShown(name, view));
    if (view.scope !== undefined || elsewhere.size === 0) return own.map((each) => seen(each, view));
    const names = new Set([...own.map(({ name }) => name), ...elsewhere.keys()]);
    return [...names].toSorted().flatMap((name) => health(name, view) ?? []);
  }

  return { plugins, health };
}

function disabled(found: PluginHealth): PluginHealth {
  return { ...found, health: 'disabled', health_message: `Plugin ${found.name} is disabled.` };
}

const EVERYTHING: HealthView = { showThrownText: true, showPlaces: true };
