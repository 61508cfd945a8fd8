/**
 * Which handlers a host has: every entry point of the group task_handlers of any plugin that is installed there (F000-9, F000-15), with
 * the tags that its plugin may really claim; and which it would have, were their plugins not down.
 */
import { orderHandlers, type HandlerOffer, type Host } from '@bulkhead/host';
import { TASK_KINDS, type ListedEntry, type Manifest, type PluginHealth, type TaskKind } from '@bulkhead/protocol';

/**
 * A plugin whose handlers nobody can be given now. `name` is the entry point's; it is left out where the plugin lacks something that its
 * manifest requires, for then nothing of it was read but that. `reason` says what is wrong, and the cure, as the registry keeps it.
 *
 * @public
 */
export type UnavailableHandler = { readonly plugin: string; readonly name?: string; readonly reason: string };

/**
 * Handlers of a host: those that may be asked, sorted by plugin and name, and those that are down.
 *
 * @public
 */
export type DiscoveredHandlers = {
  readonly offers: readonly HandlerOffer[];
  readonly unavailable: readonly UnavailableHandler[];
};

/**
 * Whose handlers are looked for, and which of them: `allow` are names of entry points or of classes (X000-15), all where it is left out.
 *
 * @public
 */
export type DiscoverOptions = { readonly tenant: string; readonly allow?: readonly string[] };

/** What of a host is read here; it starts nothing. */
type HandlerSource = Pick<Host, 'entries' | 'health' | 'plugins' | 'registrations'>;

/**
 * Finds the handlers of a host for a tenant. One whose plugin failed in a call stays offered: only what did not load, or lacks something
 * of the machine, is unavailable.
 *
 * @remarks A handler has `internet` only where its manifest allows hosts and the permission was granted (F000-44).
 * @public
 */
export async function discoverHandlers(
  host: HandlerSource,
  { tenant, allow }: DiscoverOptions,
): Promise<DiscoveredHandlers> {
  const listed = host.entries(tenant).filter(({ group }) => group === GROUP);
  const registered = registeredPlugins(host, tenant);
  const found = registered.map((plugin) => handlersOf(plugin, { host, listed, allow }));
  return {
    offers: orderHandlers(found.flatMap(({ offers }) => offers)),
    unavailable: [...found.flatMap(({ unavailable }) => unavailable), ...neverInstalled(host, registered)],
  };
}

const GROUP = 'task_handlers';
const EVERY_TENANT = '*';

type Registered = { readonly manifest: Manifest; readonly grants: readonly string[] };

/** What the tenant runs: its own registration of a plugin decides, also where it is disabled, before the one for all. */
function registeredPlugins(host: HandlerSource, tenant: string): readonly Registered[] {
  const rows = [...host.registrations.of(EVERY_TENANT), ...host.registrations.of(tenant)];
  const byPlugin = new Map(rows.map((row) => [row.plugin_name, row] as const));
  return [...byPlugin.values()]
    .filter(({ enabled }) => enabled)
    .flatMap(({ plugin_name: plugin, plugin_version: version, granted_permissions: grants }) => {
      const { releases } = host.registrations.releases(plugin, { tenant, isPlatform: true });
      const release = releases.find(({ manifest }) => manifest.version === version);
      return release === undefined ? [] : [{ manifest: release.manifest, grants }];
    })
    .toSorted((a, b) => compareText(a.manifest.name, b.manifest.name));
}

/** What a plugin requires is looked for before it is stored, so of one that lacks it there is no release, and no list of handlers. */
function neverInstalled(host: HandlerSource, registered: readonly Registered[]): readonly UnavailableHandler[] {
  const known = new Set<string>(registered.map(({ manifest }) => manifest.name));
  return host
    .plugins()
    .filter(({ name, state }) => state === 'UNAVAILABLE' && !known.has(name))
    .map((health) => ({ plugin: health.name, reason: reasonOf(health) }));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

type Looking = {
  readonly host: HandlerSource;
  readonly listed: readonly ListedEntry[];
  readonly allow: readonly string[] | undefined;
};

function handlersOf(plugin: Registered, looking: Looking): DiscoveredHandlers {
  const { manifest } = plugin;
  const names = Object.entries(manifest.entry_points[GROUP]).filter(([name, target]) =>
    isAllowed(name, target, looking.allow),
  );
  const entries = names.map(([name]) => {
    const entry = looking.listed.find((one) => one.plugin === manifest.name && one.name === name);
    return { name, offer: entry && offerOf(plugin, entry) };
  });
  const health = looking.host.health(manifest.name);
  const isDown = health?.state === 'UNAVAILABLE';
  return {
    offers: isDown ? [] : entries.flatMap(({ offer }) => offer ?? []),
    unavailable: entries
      .filter(({ offer }) => isDown || offer === undefined)
      .map(({ name }) => ({ plugin: manifest.name, name, reason: reasonOf(health) })),
  };
}

/** `./main.ts#Rust` is the class Rust. */
function isAllowed(name: string, target: string, allow: readonly string[] | undefined): boolean {
  if (allow === undefined) return true;
  const [, className = ''] = target.split('#');
  return allow.includes(name) || allow.includes(className);
}

function reasonOf(health: PluginHealth | undefined): string {
  return health?.reason ?? 'it is not loaded; reload it, or read its log';
}

/** What the guest said of itself is hostile: what is no kind is no offer. */
function offerOf({ manifest, grants }: Registered, { name, about }: ListedEntry): HandlerOffer | undefined {
  const kind = TASK_KINDS.find((word): word is TaskKind => word === about['kind']);
  const said = about['provides'];
  if (kind === undefined || !Array.isArray(said)) return undefined;
  const provides = said.filter((tag) => typeof tag === 'string');
  const isOnline = manifest.network.allow.length > 0 && grants.includes('internet');
  const borne = provides.filter((tag) => tag !== 'internet' || isOnline);
  return { plugin: manifest.name, version: manifest.version, name, kind, provides, plugin_tags: borne };
}
