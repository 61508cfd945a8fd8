/**
 * Who of a tenant's plugins cannot do without another: what its release lists as `dependencies`, through others too.
 */
import type { Releases } from '../catalogue/releases.ts';

/** Names the enabled plugins that depend on one, each before what it depends on itself. */
export function dependentsOf(releases: Releases, tenant: string, plugin: string): readonly string[] {
  const enabled = releases.registrationsOf(tenant).filter((row) => row.enabled);
  const needs = new Map(
    enabled.map(({ plugin_name, plugin_version }) => {
      const dependencies = releases.release(plugin_name, plugin_version)?.manifest.dependencies ?? [];
      return [plugin_name, dependencies.map(({ name }) => name as string)] as const;
    }),
  );
  const found = new Set<string>();
  const visit = (needed: string): void => {
    for (const [name, needed_by_it] of needs) {
      if (name === plugin || found.has(name) || !needed_by_it.includes(needed)) continue;
      found.add(name);
      visit(name);
    }
  };
  visit(plugin);
  return inOrder([...found], needs);
}

/** Whoever needs another of them comes before it. What depends on itself in a circle was never loaded. */
function inOrder(names: readonly string[], needs: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const order: string[] = [];
  const place = (name: string): void => {
    if (order.includes(name)) return;
    for (const other of names) if (other !== name && needs.get(other)?.includes(name) === true) place(other);
    order.push(name);
  };
  names.forEach(place);
  return order;
}
