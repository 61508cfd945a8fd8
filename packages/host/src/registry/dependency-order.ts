/**
 * In which order plugins that depend on one another are loaded, and which cannot be (F004-8). Pure: it loads nothing.
 *
 * 1. A plugin whose dependency is missing, or has no version in range, is left out with the cure.
 * 2. Plugins on a cycle are left out, and told the cycle.
 * 3. What depends on one that was left out is left out too, with that one's reason and cure.
 * 4. The rest is in order: a dependency before its dependents, else by name, so that every start is the same.
 */
import type { ErrorCode, PluginDependency } from '@bulkhead/protocol';
import { satisfies } from 'semver';

/** What the order needs of a manifest. */
export type Dependent = {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly PluginDependency[];
};

/** A plugin that cannot be loaded; `state` is where it stands, `code` and `message` are of its reason, `cure` ends it. */
export type LeftOut = {
  readonly name: string;
  readonly state: 'FAILED' | 'UNAVAILABLE';
  readonly code: ErrorCode;
  readonly message: string;
  readonly cure: string;
};

/** Names in the order of loading, and every plugin that is not in it with why. */
export type DependencyOrder = { readonly order: readonly string[]; readonly leftOut: readonly LeftOut[] };

/** Orders plugins by their dependencies; names are unique. O(plugins + dependencies). */
export function dependencyOrder(plugins: readonly Dependent[]): DependencyOrder {
  const byName = new Map(plugins.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((plugin) => [plugin.name, plugin]));
  const visit: Visit = { byName, order: [], leftOut: new Map(), done: new Set() };
  for (const name of byName.keys()) walk(visit, name);
  return { order: visit.order, leftOut: [...visit.leftOut.values()] };
}

type Visit = {
  readonly byName: ReadonlyMap<string, Dependent>;
  readonly order: string[];
  readonly leftOut: Map<string, LeftOut>;
  readonly done: Set<string>;
};

/** Depth first with a path of its own: a chain of thousands of plugins must not overflow the stack. */
function walk(visit: Visit, start: string): void {
  const path: { readonly plugin: Dependent; next: number }[] = [];
  const placeOnPath = new Map<string, number>();
  const enter = (name: string): void => {
    const plugin = visit.byName.get(name);
    if (plugin === undefined || visit.done.has(name)) return;
    placeOnPath.set(name, path.length);
    path.push({ plugin, next: 0 });
  };
  enter(start);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const dependency = top.plugin.dependencies[top.next];
    top.next += 1;
    if (dependency === undefined) {
      path.pop();
      placeOnPath.delete(top.plugin.name);
      settle(visit, top.plugin);
      continue;
    }
    const loop = placeOnPath.get(dependency.name);
    if (loop === undefined) enter(dependency.name);
    else
      leaveOutCycle(
        visit,
        path.slice(loop).map(({ plugin }) => plugin.name),
      );
  }
}

/** All dependencies are settled: the plugin is next in order, or left out for the first that is not there. */
function settle(visit: Visit, plugin: Dependent): void {
  visit.done.add(plugin.name);
  if (visit.leftOut.has(plugin.name)) return;
  const why = plugin.dependencies
    .map((dependency) => whyNot(visit, plugin, dependency))
    .find((leftOut) => leftOut !== undefined);
  if (why === undefined) visit.order.push(plugin.name);
  else visit.leftOut.set(plugin.name, why);
}

function whyNot(visit: Visit, plugin: Dependent, wanted: PluginDependency): LeftOut | undefined {
  const found = visit.byName.get(wanted.name);
  const range = wanted.range === '*' ? '' : ` ${wanted.range}`;
  if (found === undefined)
    return missing(
      plugin.name,
      `it depends on plugin "${wanted.name}"${range}, which is not installed`,
      `install ${wanted.name}${range}`,
    );
  if (!satisfies(found.version, wanted.range, { includePrerelease: true })) {
    const message = `it depends on plugin "${wanted.name}"${range}, and version ${found.version} is installed`;
    return missing(plugin.name, message, `install ${wanted.name}${range}`);
  }
  const below = visit.leftOut.get(wanted.name);
  if (below === undefined) return undefined;
  return missing(
    plugin.name,
    `it depends on plugin "${wanted.name}", which cannot be loaded: ${below.message}`,
    below.cure,
  );
}

function missing(name: string, message: string, cure: string): LeftOut {
  return { name, state: 'UNAVAILABLE', code: 'PLUGIN_UNAVAILABLE', message, cure };
}

/** A cycle is the authors' fault and no install mends it, so it is FAILED (decision 4). */
function leaveOutCycle(visit: Visit, names: readonly string[]): void {
  const cycle = [...names, names[0]].join(' -> ');
  for (const name of names) {
    const cure = 'remove one of these dependencies from its plugin.json';
    visit.leftOut.set(name, {
      name,
      state: 'FAILED',
      code: 'MANIFEST_INVALID',
      message: `its dependencies form a cycle: ${cycle}`,
      cure,
    });
  }
}
