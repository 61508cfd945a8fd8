/**
 * Which releases there are, and which of them a tenant runs: kept in memory over the Storage port, so that resolving a call
 * is one look-up. It decides no lifecycle, starts nothing, and knows no sandbox.
 *
 * L1: A version is never rewritten (`RELEASE_EXISTS`); upgrade and rollback are the same write of a registration.
 * L2: A name belongs to one place in this process; a second is refused with both places named (decision 6).
 * L3: Memory changes after the storage has, and only then; writes follow one another.
 * L4: A tenant's own registration decides, also where it is disabled; only without one does that for all tenants.
 */
import {
  parseDigest,
  parseManifest,
  type Digest,
  type Finding,
  type JsonObject,
  type Manifest,
} from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { RegistrationRow, ReleaseRow, Storage } from '../storage/port.ts';
import {
  EVERY_TENANT,
  createShelf,
  toRelease,
  unknownPlugin,
  type Release,
  type Resolution,
  type Shelf,
} from './shelf.ts';
import { nameTaken } from './wording.ts';

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
export type Enabling = { readonly tenant?: string; readonly config?: JsonObject; readonly grants?: readonly string[] };

/** The releases and registrations of one host. Reads are synchronous; a write rejects with `STORAGE_UNAVAILABLE` and changes nothing. */
export type Releases = {
  /** Stores a release; the same version with the same digest again is the release that is there. @throws {HostError} `RELEASE_EXISTS`, `PLUGIN_NAME_TAKEN`. */
  readonly publish: (release: NewRelease) => Promise<Release>;
  /** Makes a registration or enables it again: config and grants stay unless they are given, the version is the release's. */
  readonly enable: (release: Release, enabling?: Enabling) => Promise<RegistrationRow>;
  /** Keeps config and grants. @throws {HostError} `PLUGIN_NOT_FOUND` where the tenant has no registration. */
  readonly disable: (tenant: string, plugin: string) => Promise<RegistrationRow>;
  /** Replaces the config. @throws {HostError} `PLUGIN_NOT_FOUND`. */
  readonly configure: (tenant: string, plugin: string, config: JsonObject) => Promise<RegistrationRow>;
  /** Upgrades or rolls back one tenant, in one write. @throws {HostError} `PLUGIN_NOT_FOUND` for an unknown version too. */
  readonly move: (tenant: string, plugin: string, version: string) => Promise<RegistrationRow>;
  /** Forgets a plugin with its registrations; silent where there is none. */
  readonly remove: (plugin: string) => Promise<void>;
  /** O(1) for a plugin that is registered; `PLUGIN_NOT_FOUND` or `PLUGIN_DISABLED` as a value. */
  readonly resolve: (tenant: string, plugin: string) => Resolution;
  /** Releases of a plugin, highest version first. */
  readonly releasesOf: (plugin: string) => readonly Release[];
  readonly plugins: () => readonly string[];
  /** Registrations of a tenant, newest first, without those for all. */
  readonly registrationsOf: (tenant: string) => readonly RegistrationRow[];
  /** Stored releases whose manifest no longer parses; they are left where they are. */
  readonly unreadable: readonly string[];
};

/** `newId` makes the id of a registration, unique whatever the clock. */
export type ReleasesOptions = { readonly storage: Storage; readonly clock: Clock; readonly newId: () => string };

/** Opens the releases and registrations that the storage holds. @throws {HostError} `STORAGE_UNAVAILABLE`. */
export async function openReleases(options: ReleasesOptions): Promise<Releases> {
  const { storage } = options;
  const [releaseRows, registrationRows] = [await storage.listReleases(), await storage.listRegistrations()];
  const shelf = createShelf();
  const unreadable: string[] = [];
  for (const row of releaseRows) if (!shelf.put(readRelease(row))) unreadable.push(`${row.plugin_name} ${row.version}`);
  for (const row of registrationRows) shelf.assign(row);
  const writer = { ...options, shelf, inTurn: createTurns() };
  return { ...createReleaseWrites(writer), ...createRegistrationWrites(writer), ...createReads(shelf), unreadable };
}

type Turns = <Answer>(write: () => Promise<Answer>) => Promise<Answer>;

/** Runs writes one after another, so that each sees what the one before has left (L3). */
function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (write) => {
    const turn = last.then(write, write);
    last = turn.catch(() => undefined); // The writer hears of it; the next one starts anew.
    return turn;
  };
}

type Writer = ReleasesOptions & { readonly shelf: Shelf; readonly inTurn: Turns };

function createReleaseWrites({ storage, clock, shelf, inTurn }: Writer): Pick<Releases, 'publish' | 'remove'> {
  const places = new Map<string, string>();

  async function publish(wanted: NewRelease): Promise<Release> {
    const { name } = wanted.manifest;
    const place = places.get(name);
    if (place !== undefined && place !== wanted.place && wanted.isUpgrade !== true)
      throw nameTaken(name, place, wanted.place);
    const known = shelf.release(name, wanted.manifest.version);
    const release = known ?? toRelease({ ...wanted, installedAt: isoTime(clock.wallTime()) });
    const stored = await storage.putRelease(toRow({ ...release, digest: wanted.digest }));
    if (stored === 'exists') throw releaseExists(wanted, known);
    places.set(name, wanted.place);
    shelf.put(release);
    return release;
  }

  async function remove(plugin: string): Promise<void> {
    await storage.removePlugin(plugin);
    places.delete(plugin);
    shelf.remove(plugin);
  }

  return { publish: (release) => inTurn(() => publish(release)), remove: (plugin) => inTurn(() => remove(plugin)) };
}

type RegistrationWrites = Pick<Releases, 'enable' | 'disable' | 'configure' | 'move'>;

function createRegistrationWrites({ storage, clock, newId, shelf, inTurn }: Writer): RegistrationWrites {
  async function write(row: RegistrationRow): Promise<RegistrationRow> {
    if (row.tenant_id !== EVERY_TENANT) await storage.putRegistration(row);
    shelf.assign(row);
    return row;
  }

  async function enable(release: Release, enabling: Enabling): Promise<RegistrationRow> {
    const { tenant = EVERY_TENANT, config, grants } = enabling;
    const { name, version } = release.manifest;
    const now = isoTime(clock.wallTime());
    const row = shelf.registration(tenant, name) ?? newRegistration({ id: newId(), tenant, plugin: name, now });
    return write({
      ...row,
      plugin_version: version,
      enabled: true,
      config: config ?? row.config,
      granted_permissions: grants ?? row.granted_permissions,
      updated_at: now,
    });
  }

  async function change(tenant: string, plugin: string, fields: Partial<RegistrationRow>): Promise<RegistrationRow> {
    const row = { ...assigned(shelf, tenant, plugin), ...fields, updated_at: isoTime(clock.wallTime()) };
    const isThere = shelf.release(plugin, row.plugin_version) !== undefined;
    if (!isThere) throw notFound(`Plugin '${plugin}' has no release ${row.plugin_version}`);
    return write(row);
  }

  return {
    enable: (release, enabling = {}) => inTurn(() => enable(release, enabling)),
    disable: (tenant, plugin) => inTurn(() => change(tenant, plugin, { enabled: false })),
    configure: (tenant, plugin, config) => inTurn(() => change(tenant, plugin, { config })),
    move: (tenant, plugin, version) => inTurn(() => change(tenant, plugin, { plugin_version: version })),
  };
}

function newRegistration(of: {
  readonly id: string;
  readonly tenant: string;
  readonly plugin: string;
  readonly now: string;
}): RegistrationRow {
  return {
    id: of.id,
    tenant_id: of.tenant,
    plugin_name: of.plugin,
    plugin_version: '',
    enabled: true,
    config: {},
    granted_permissions: [],
    installed_at: of.now,
    updated_at: of.now,
  };
}

function assigned(shelf: Shelf, tenant: string, plugin: string): RegistrationRow {
  const row = shelf.registration(tenant, plugin);
  if (row === undefined) throw notFound(`Plugin '${plugin}' is not registered for this tenant`);
  return row;
}

function createReads(shelf: Shelf): Pick<Releases, 'resolve' | 'releasesOf' | 'plugins' | 'registrationsOf'> {
  return {
    resolve: (tenant, plugin) =>
      shelf.resolution(tenant, plugin) ?? shelf.resolution(EVERY_TENANT, plugin) ?? unknownPlugin(plugin),
    releasesOf: shelf.releasesOf,
    plugins: shelf.plugins,
    registrationsOf: shelf.registrationsOf,
  };
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

function toRow(release: Release): ReleaseRow {
  const { manifest, digest, place, findings, isPublic, installedAt } = release;
  return {
    plugin_name: manifest.name,
    version: manifest.version,
    digest,
    place,
    manifest: manifest.source,
    findings,
    is_public: isPublic,
    installed_at: installedAt,
  };
}

/** Reads a stored release; undefined where this version of the host no longer understands it. */
function readRelease(row: ReleaseRow): Release | undefined {
  const parsed = parseManifest(row.manifest);
  const digest = parseDigest(row.digest);
  if (!parsed.ok || digest === undefined) return undefined;
  const { place, findings, is_public: isPublic, installed_at: installedAt } = row;
  return toRelease({ manifest: parsed.manifest, digest, place, findings, isPublic, installedAt });
}
