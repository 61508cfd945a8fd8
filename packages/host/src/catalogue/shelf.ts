/**
 * The catalogue's rows in memory, as of one revision. Owned by `catalogue.ts`, which writes the storage first.
 */
import { compare } from 'semver';
import type {
  CatalogueChange,
  CatalogueRows,
  CatalogueStep,
  MoveRow,
  StoredRegistration,
  StoredRollout,
  TenantRow,
  TokenRow,
} from '../storage/catalogue-port.ts';
import { createRecordingShelf } from './recording-shelf.ts';
import { createSecretShelf } from './secret-shelf.ts';
import { EVERY_TENANT, createPluginShelves, type Release, type Resolution } from './plugin-shelves.ts';

/** See {@link createShelf}. */
export type Shelf = ReturnType<typeof createShelf>;

/** Creates an empty shelf, of revision 0. */
export function createShelf() {
  const tenants = new Map<string, TenantRow>();
  const tokens = new Map<string, TokenRow>();
  const plugins = createPluginShelves();
  const secrets = createSecretShelf();
  const recordings = createRecordingShelf();
  let revision = 0;

  /** Takes all rows anew; what holds for every tenant is this process's own, and stays. */
  function load(rows: CatalogueRows): void {
    const forAll = plugins.all().flatMap((shelf) => shelf.registrations.get(EVERY_TENANT) ?? []);
    plugins.clear();
    tenants.clear();
    tokens.clear();
    for (const row of rows.tenants) tenants.set(row.id, row);
    for (const row of rows.tokens) tokens.set(row.id, row);
    for (const row of rows.releases) plugins.putRelease(row);
    for (const row of [...rows.registrations, ...forAll]) plugins.assign(row);
    secrets.load(rows.secrets);
    for (const row of rows.moves) plugins.addMove(row);
    for (const row of rows.rollouts) plugins.putRollout(row);
    recordings.load(rows.recordings);
    revision = rows.revision;
  }

  /** Applies a commit; one that is not the next was applied already. */
  function apply(step: CatalogueStep): void {
    if (step.revision !== revision + 1) return;
    const all = { tenants, tokens, plugins, secrets, recordings };
    for (const change of step.changes) applyChange(all, change, step.revision);
    revision = step.revision;
  }

  return {
    load,
    apply,
    assign: plugins.assign,
    ...createReads(plugins),
    revision: (): number => revision,
    epoch: plugins.epoch,
    /** Which secrets of a tenant are set for a plugin. */
    secretsOf: secrets.of,
    secretCountOf: secrets.countOf,
    secrets: secrets.all,
    /** Which share of a tenant's calls of a plugin is recorded. */
    recordedShareOf: recordings.of,
    tenant: (tenant: string): TenantRow | undefined => tenants.get(tenant),
    tenants: (): readonly TenantRow[] => [...tenants.values()],
    token: (id: string): TokenRow | undefined => tokens.get(id),
    tokens: (): readonly TokenRow[] => [...tokens.values()],
  };
}

type ShelfRows = {
  readonly tenants: Map<string, TenantRow>;
  readonly tokens: Map<string, TokenRow>;
  readonly plugins: ReturnType<typeof createPluginShelves>;
  readonly secrets: ReturnType<typeof createSecretShelf>;
  readonly recordings: ReturnType<typeof createRecordingShelf>;
};

function applyChange(rows: ShelfRows, change: CatalogueChange, at: number): void {
  const { tenants, tokens, plugins, secrets, recordings } = rows;
  switch (change.kind) {
    case 'put_tenant':
      return void tenants.set(change.row.id, change.row);
    case 'remove_tenant':
      return removeTenant(rows, change.tenant_id);
    case 'put_release':
      return plugins.putRelease(change.row);
    case 'put_registration':
      return plugins.assign({ ...change.row, revision: at });
    case 'add_move':
      return plugins.addMove(change.row);
    case 'put_rollout':
      return plugins.putRollout({ ...change.row, revision: at });
    case 'put_recording':
      return recordings.put(change.row);
    case 'forget_recordings':
      return undefined; // What was recorded is on no shelf.
    case 'remove_registration':
      recordings.removeOf(change.tenant_id, change.plugin_name);
      secrets.removeOf(change.tenant_id, change.plugin_name);
      return plugins.unassign(change.tenant_id, change.plugin_name);
    case 'remove_plugin':
      recordings.removePlugin(change.plugin_name);
      secrets.removePlugin(change.plugin_name);
      return void plugins.remove(change.plugin_name);
    case 'put_secret':
      return secrets.put(change.row);
    case 'remove_secret':
      return secrets.remove(change);
    case 'put_token':
      return void tokens.set(change.row.id, change.row);
    case 'remove_token':
      return void tokens.delete(change.token_id);
  }
}

function removeTenant({ tenants, tokens, plugins, secrets, recordings }: ShelfRows, tenant: string): void {
  tenants.delete(tenant);
  secrets.removeTenant(tenant);
  recordings.removeTenant(tenant);
  for (const { id, tenant_id } of tokens.values()) if (tenant_id === tenant) tokens.delete(id);
  for (const plugin of plugins.names()) plugins.unassign(tenant, plugin);
}

function createReads(plugins: ReturnType<typeof createPluginShelves>) {
  function releasesOf(plugin: string): readonly Release[] {
    const releases = [...(plugins.get(plugin)?.releases.values() ?? [])];
    return releases.toSorted((a, b) => compare(b.manifest.version, a.manifest.version));
  }

  function registered(): readonly Release[] {
    return plugins.names().flatMap((plugin) => {
      const rows = [...(plugins.get(plugin)?.registrations.values() ?? [])];
      const versions = new Set(rows.filter((row) => row.tenant_id !== EVERY_TENANT).map((row) => row.plugin_version));
      return releasesOf(plugin)
        .filter(({ manifest }) => versions.has(manifest.version))
        .toReversed();
    });
  }

  function isNamed(plugin: string, version: string): boolean {
    const rows = plugins.get(plugin)?.registrations.values() ?? [];
    return [...rows].some((row) => row.plugin_version === version);
  }

  function isDisabled(plugin: string, tenant: string | undefined): boolean {
    const rows = [...(plugins.get(plugin)?.registrations.values() ?? [])];
    const asked = tenant === undefined ? rows : rows.filter((row) => row.tenant_id === tenant);
    return asked.length > 0 && asked.every((row) => !row.enabled);
  }

  function registrationsOf(tenant: string): readonly StoredRegistration[] {
    const rows = plugins.all().flatMap((shelf) => shelf.registrations.get(tenant) ?? []);
    return rows
      .toReversed()
      .toSorted((a, b) => (a.installed_at < b.installed_at ? 1 : a.installed_at > b.installed_at ? -1 : 0));
  }

  return {
    releasesOf,
    registered,
    isNamed,
    isDisabled,
    registrationsOf,
    registrantsOf: (plugin: string): readonly StoredRegistration[] =>
      [...(plugins.get(plugin)?.registrations.values() ?? [])].filter(({ tenant_id }) => tenant_id !== EVERY_TENANT),
    movesOf: (tenant: string, plugin: string): readonly MoveRow[] => plugins.get(plugin)?.moves.get(tenant) ?? [],
    rollout: (plugin: string): StoredRollout | undefined => plugins.get(plugin)?.rollout,
    rollouts: (): readonly StoredRollout[] => plugins.all().flatMap(({ rollout }) => rollout ?? []),
    /** Stored releases whose manifest this host does not understand; they are left where they are. */
    unreadable: plugins.unreadable,
    plugins: (): readonly string[] => plugins.names().filter((plugin) => (plugins.get(plugin)?.releases.size ?? 0) > 0),
    release: (plugin: string, version: string): Release | undefined => plugins.get(plugin)?.releases.get(version),
    registration: (tenant: string, plugin: string): StoredRegistration | undefined =>
      plugins.get(plugin)?.registrations.get(tenant),
    resolution: (tenant: string, plugin: string): Resolution | undefined =>
      plugins.get(plugin)?.resolutions.get(tenant),
  };
}
