/**
 * Health as somebody sees it: the registry's truth, without what is not theirs to see, and with what their administrator
 * decided (X004-2).
 */
import type { PluginHealth } from '@bulkhead/protocol';
import type { Host } from '../host-api.ts';
import type { HealthView } from '../registry/health.ts';
import type { HostParts } from './open-parts.ts';

/** Makes the part of the embedding API that tells how plugins are. */
export function createHealthViews({ call }: HostParts): Pick<Host, 'plugins' | 'health'> {
  const { registry, releases } = call;

  /** A plugin without a release was refused or lacks something, which the operator's own folders alone can. */
  function isShown(name: string, { isOutside, scope }: HealthView): boolean {
    if (isOutside !== true) return true;
    return releases.releasesOf(name).length === 0 || releases.visibleTo(scope, name).length > 0;
  }

  function seen(health: PluginHealth, { scope }: HealthView): PluginHealth {
    return releases.isDisabled(health.name, scope) ? { ...health, health: 'disabled' } : health;
  }

  return {
    plugins: (view = EVERYTHING) =>
      registry
        .list(view)
        .filter(({ name }) => isShown(name, view))
        .map((health) => seen(health, view)),
    health: (name, view = EVERYTHING) => {
      const health = isShown(name, view) ? registry.health(name, view) : undefined;
      return health === undefined ? undefined : seen(health, view);
    },
  };
}

const EVERYTHING: HealthView = { showThrownText: true, showPlaces: true };
