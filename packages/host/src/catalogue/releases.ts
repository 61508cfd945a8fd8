/**
 * Which releases there are, and which of them a tenant runs: what is to be written to the catalogue, and what a call reads
 * of it with one look-up. It decides no lifecycle, starts nothing, and knows no sandbox.
 *
 * L1: A version is never rewritten (`RELEASE_EXISTS`); upgrade and rollback are the same write of a registration.
 * L2: A name belongs to one place in this process; a second is refused with both places named (decision 6).
 * L3: What would change nothing is not written.
 * L4: A tenant's own registration decides, also where it is disabled; only without one does that for all tenants.
 */
import type { Digest, Finding, JsonObject, Manifest } from '@bulkhead/protocol';
import { isDeepStrictEqual } from 'node:util';
import { compare } from 'semver';
import { isoTime, type Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import { nameTaken } from '../base/name-taken.ts';
import type {
  CatalogueChange,
  CatalogueWrite,
  RegistrationRow,
  ReleaseRow,
  StoredRegistration,
} from '../storage/catalogue-port.ts';
import { EMBEDDER, audited, type Deed } from './audited.ts';
import type { Catalogue } from './catalogue.ts';
import { EVERY_TENANT, unknownPlugin, type Release, type Resolution } from './plugin-shelves.ts';

export type { Release, Resolution };

/** What is to be published. `isUpgrade`: an administrator said that it belongs to the plugin of this name, wherever it is from. */
export type NewRelease = {
  readonly manifest: Manifest;
  readonly digest: Digest;
  readonly place: string;
  readonly findings: readonly Finding[];
  readonly isPublic: boolean;
  readonly isUpgrade?: boolean;
};

/** Whom a release is enabled for: one tenant, or, without one, every tenant for as long as the host lives (F003-14, F003-15). */
export type Enabling = {
  readonly tenant?: string;
  readonly config?: JsonObject;
  readonly grants?: readonly string[];
  readonly by?: string;
};

/** The releases and registrations of one host. Reads are synchronous; a write rejects with `STORAGE_UNAVAILABLE` and changes nothing. */
export type Releases = {
  /** Stores a release; the same version with the same digest again is the release that is there. @throws {HostError} `RELEASE_EXISTS`, `PLUGIN_NAME_TAKEN`. */
  readonly publish: (release: NewRelease) => Promise<Release>;
  /** Makes a registration or enables it again: config and grants stay unless they are given, the version is the release's. */
  readonly enable: (release: Release, enabling?: Enabling) => Promise<StoredRegistration>;
  /** Keeps config and grants. @throws {HostError} `PLUGIN_NOT_FOUND` where the tenant has no registration. */
  readonly disable: (tenant: string, plugin: string, by?: string) => Promise<StoredRegistration>;
  /** Replaces the config. @throws {HostError} `PLUGIN_NOT_FOUND`; `REVISION_CONFLICT` where `expected` is not its revision. */
  readonly configure: (
    tenant: string,
    plugin: string,
    change: { readonly config: JsonObject; readonly expected?: number; readonly by?: string },
  ) => Promise<StoredRegistration>;
  /** Upgrades or rolls back one tenant, in one write. @throws {HostError} `PLUGIN_NOT_FOUND` for an unknown version too. */
  readonly move: (tenant: string, plugin: string, version: string) => Promise<StoredRegistration>;
  /** Forgets a plugin with its registrations; silent where there is none. */
  readonly remove: (plugin: string) => Promise<void>;
  /** O(1) for a plugin that is registered; `PLUGIN_NOT_FOUND` or `PLUGIN_DISABLED` as a value. */
  readonly resolve: (tenant: string, plugin: string) => Resolution;
  /** Releases of a plugin, highest version first. */
  readonly releasesOf: (plugin: string) => readonly Release[];
  readonly plugins: () => readonly string[];
  /** Where a plugin was published from in this process; undefined for one that is known from an earlier start alone. */
  readonly placeOf: (plugin: string) => string | undefined;
  /** Releases that a stored registration names, those of a plugin in the order of their versions. */
  readonly registered: () => readonly Release[];
  /** Tells whether anybody's registration names this version, or that for all. */
  readonly isNamed: (plugin: string, version: string) => boolean;
  /** Tells whether the tenant's registration is disabled; without a tenant, whether all that there are. */
  readonly isDisabled: (plugin: string, tenant?: string) => boolean;
  /** Releases that a tenant may see, highest version first: public ones, those offered to it, and its own registration's. */
  readonly visibleTo: (tenant: string | undefined, plugin: string) => readonly Release[];
  /** Registrations of a tenant, newest first, without those for all. */
  readonly registrationsOf: (tenant: string) => readonly StoredRegistration[];
};

/** `newId` makes the id of a registration, a UUID. */
export type ReleasesOptions = { readonly catalogue: Catalogue; readonly clock: Clock; readonly newId: () => string };

/** Creates the releases and registrations of a catalogue. */
export function createReleases(options: ReleasesOptions): Releases {
  const writer = { ...options, places: new Map<string, string>() };
  return {
    publish: (wanted) => publish(writer, wanted),
    remove: (plugin) => remove(writer, plugin),
    placeOf: (plugin) => writer.places.get(plugin),
    ...createRegistrationWrites(writer),
    ...createReads(options.catalogue),
  };
}

type Writer = ReleasesOptions & { readonly places: Map<string, string> };

async function publish(writer: Writer, wanted: NewRelease): Promise<Release> {
  const { places } = writer;
  const { manifest, place, isUpgrade } = wanted;
  const first = places.get(manifest.name);
  if (first !== undefined && first !== place && isUpgrade !== true) throw nameTaken(manifest.name, first, place);
  places.set(manifest.name, place);
  try {
    return await publishClaimed(writer, wanted);
  } catch (error) {
    if (first === undefined) places.delete(manifest.name);
    else places.set(manifest.name, first);
    throw error;
  }
}

async function publishClaimed(writer: Writer, wanted: NewRelease): Promise<Release> {
  const { shelf, commit } = writer.catalogue;
  const { name, version } = wanted.manifest;
  const known = shelf.release(name, version);
  if (known?.digest === wanted.digest) return known; // L3
  const row = toRow(wanted, isoTime(writer.clock.wallTime()));
  const misfit = await commit(() => {
    const rival = shelf.release(name, version);
    if (rival !== undefined && rival.digest !== wanted.digest) throw releaseExists(wanted, rival);
    const details = { version, digest: wanted.digest, place: wanted.place };
    const audit = { action: 'plugin.install', tenant_id: null, resource: `plugin ${name}`, details };
    return written(writer, [{ kind: 'put_release', row }], audit);
  });
  const release = shelf.release(name, version);
  // A stored release that this host cannot read is not on the shelf, and has the version all the same.
  if (misfit !== undefined || release === undefined) throw releaseExists(wanted, undefined);
  return release;
}

async function remove(writer: Writer, plugin: string): Promise<void> {
  const { catalogue, places } = writer;
  const audit = { action: 'plugin.remove', tenant_id: null, resource: `plugin ${plugin}`, details: {} };
  if (catalogue.shelf.releasesOf(plugin).length > 0)
    await catalogue.commit(() => written(writer, [{ kind: 'remove_plugin', plugin_name: plugin }], audit));
  places.delete(plugin);
}

type RegistrationWrites = Pick<Releases, 'enable' | 'disable' | 'configure' | 'move'>;

function createRegistrationWrites(writer: Writer): RegistrationWrites {
  const { shelf } = writer.catalogue;

  function enable(release: Release, enabling: Enabling = {}): Promise<StoredRegistration> {
    const { tenant = EVERY_TENANT, config, grants, by } = enabling;
    const { name, version } = release.manifest;
    return change(writer, { tenant, plugin: name }, (row) => ({
      action: 'plugin.enable',
      by,
      fields: {
        plugin_version: version,
        enabled: true,
        config: config ?? row?.config ?? {},
        granted_permissions: grants ?? row?.granted_permissions ?? [],
      },
    }));
  }

  function alter(
    tenant: string,
    plugin: string,
    plan: (row: StoredRegistration) => PlannedChange,
  ): Promise<StoredRegistration> {
    return change(writer, { tenant, plugin }, (row) => {
      if (row === undefined) throw notFound(`Plugin '${plugin}' is not registered for this tenant`);
      const planned = plan(row);
      const version = planned.fields.plugin_version ?? row.plugin_version;
      if (shelf.release(plugin, version) === undefined) throw notFound(`Plugin '${plugin}' has no release ${version}`);
      return planned;
    });
  }

  return {
    enable: async (release, enabling) => enable(release, enabling),
    disable: async (tenant, plugin, by) =>
      alter(tenant, plugin, () => ({ action: 'plugin.disable', by, fields: { enabled: false } })),
    configure: async (tenant, plugin, { config, expected, by }) =>
      alter(tenant, plugin, (row) => {
        if (expected !== undefined && expected !== row.revision) throw changedMeanwhile(plugin, expected, row.revision);
        return { action: 'plugin.config_update', by, fields: { config } };
      }),
    move: async (tenant, plugin, version) =>
      alter(tenant, plugin, (row) => ({
        action: compare(version, row.plugin_version) < 0 ? 'plugin.rollback' : 'plugin.upgrade',
        fields: { plugin_version: version },
      })),
  };
}

type PlannedChange = {
  readonly action: string;
  readonly by?: string | undefined;
  readonly fields: Partial<RegistrationRow>;
};
type Whose = { readonly tenant: string; readonly plugin: string };

/** Writes what `plan` makes of the registration as it is; what is for every tenant is kept in memory alone. */
async function change(
  writer: Writer,
  whose: Whose,
  plan: (row: StoredRegistration | undefined) => PlannedChange,
): Promise<StoredRegistration> {
  const { catalogue } = writer;
  const { tenant, plugin } = whose;
  const known = catalogue.shelf.registration(tenant, plugin);
  const planned = plan(known);
  if (known !== undefined && isNothingNew(known, planned.fields)) return known; // L3
  if (tenant === EVERY_TENANT)
    catalogue.shelf.assign({ ...nextRow(writer, whose, known), ...planned.fields, revision: 0 });
  else await catalogue.commit(() => planWrite(writer, whose, plan));
  const stored = catalogue.shelf.registration(tenant, plugin);
  if (stored === undefined) throw notFound(`Plugin '${plugin}' was removed meanwhile`);
  return stored;
}

function planWrite(
  writer: Writer,
  whose: Whose,
  plan: (row: StoredRegistration | undefined) => PlannedChange,
): CatalogueWrite {
  const { tenant, plugin } = whose;
  const { shelf } = writer.catalogue;
  const known = shelf.registration(tenant, plugin);
  const { action, by, fields } = plan(known);
  const row = { ...nextRow(writer, whose, known), ...fields };
  const put: CatalogueChange = { kind: 'put_registration', row, expected: known?.revision ?? 0 };
  const changes = shelf.tenant(tenant) === undefined ? [putTenant(writer, tenant), put] : [put];
  const details = { version: row.plugin_version, enabled: row.enabled };
  const deed = { action, tenant_id: tenant, resource: `plugin ${plugin}`, details };
  return written(writer, changes, by === undefined ? deed : { ...deed, actor: by });
}

/** The registration as it is, or a new one, without its revision. */
function nextRow(writer: Writer, { tenant, plugin }: Whose, known: StoredRegistration | undefined): RegistrationRow {
  const now = isoTime(writer.clock.wallTime());
  if (known !== undefined) {
    const { revision: _revision, ...row } = known;
    return { ...row, updated_at: now };
  }
  return {
    id: writer.newId(),
    tenant_id: tenant,
    plugin_name: plugin,
    plugin_version: '',
    enabled: true,
    config: {},
    granted_permissions: [],
    installed_at: now,
    updated_at: now,
  };
}

/** An embedded host knows every tenant that it hears of; the store learns of one when something is its. */
function putTenant({ clock }: Writer, id: string): CatalogueChange {
  const now = isoTime(clock.wallTime());
  return { kind: 'put_tenant', row: { id, name: id, min_tier: null, quota: {}, created_at: now, updated_at: now } };
}

function isNothingNew(row: RegistrationRow, fields: Partial<RegistrationRow>): boolean {
  return isDeepStrictEqual(row, { ...row, ...fields });
}

function written(
  { clock }: Writer,
  changes: readonly CatalogueChange[],
  deed: Omit<Deed, 'actor'> & Partial<Deed>,
): CatalogueWrite {
  return audited(clock, changes, { actor: EMBEDDER, ...deed });
}

type Reads = Omit<Releases, keyof RegistrationWrites | 'publish' | 'remove' | 'placeOf'>;

function createReads(catalogue: Catalogue): Reads {
  const { shelf } = catalogue;

  function visibleTo(tenant: string | undefined, plugin: string): readonly Release[] {
    const own = tenant === undefined ? undefined : shelf.registration(tenant, plugin)?.plugin_version;
    return shelf
      .releasesOf(plugin)
      .filter(
        ({ isPublic, offeredTo, manifest }) =>
          isPublic || manifest.version === own || (tenant !== undefined && offeredTo.includes(tenant)),
      );
  }

  return {
    visibleTo,
    isDisabled: shelf.isDisabled,
    resolve: (tenant, plugin) => {
      catalogue.noteRead();
      return shelf.resolution(tenant, plugin) ?? shelf.resolution(EVERY_TENANT, plugin) ?? unknownPlugin(plugin);
    },
    releasesOf: shelf.releasesOf,
    plugins: shelf.plugins,
    registered: shelf.registered,
    isNamed: shelf.isNamed,
    registrationsOf: shelf.registrationsOf,
  };
}

function changedMeanwhile(plugin: string, expected: number, revision: number): HostError {
  return new HostError('REVISION_CONFLICT', {
    message: `the registration of "${plugin}" has revision ${revision}, and ${expected} was expected`,
  });
}

function notFound(message: string): HostError {
  return new HostError('PLUGIN_NOT_FOUND', { message });
}

function releaseExists(wanted: NewRelease, known: Release | undefined): HostError {
  const { name, version } = wanted.manifest;
  const there = known === undefined ? 'other content' : `digest ${known.digest.slice(0, 12)}`;
  return new HostError('RELEASE_EXISTS', {
    message: `${name} ${version} exists already with ${there}; this one has digest ${wanted.digest.slice(0, 12)}`,
  });
}

function toRow({ manifest, digest, place, findings, isPublic }: NewRelease, installedAt: string): ReleaseRow {
  return {
    plugin_name: manifest.name,
    version: manifest.version,
    digest,
    place,
    manifest: manifest.source,
    findings,
    is_public: isPublic,
    offered_to: [],
    installed_at: installedAt,
  };
}
