/**
 * Which releases there are, and which of them a tenant runs: what is to be written to the catalogue, and what a call reads
 * of it with one look-up. It decides no lifecycle, starts nothing, and knows no sandbox. What is written of registrations
 * is beside it, in `registration-writes.ts`.
 *
 * L1: A version is never rewritten (`RELEASE_EXISTS`); upgrade and rollback are the same write of a registration.
 * L2: A name belongs to one place in this process; a second is refused with both places named (decision 6).
 * L3: What would change nothing is not written.
 * L4: A tenant's own registration decides, also where it is disabled; only without one does that for all tenants.
 */
import type { Digest, Finding, JsonObject, Manifest, ReleaseOrigin } from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import { nameTaken } from '../base/name-taken.ts';
import type {
  CatalogueChange,
  CatalogueWrite,
  MoveKind,
  MoveRow,
  ReleaseRow,
  StoredRegistration,
} from '../storage/catalogue-port.ts';
import { EMBEDDER, audited, type Deed } from './audited.ts';
import type { Catalogue } from './catalogue.ts';
import { EVERY_TENANT, releaseNotFound, unknownPlugin, type Release, type Resolution } from './plugin-shelves.ts';
import { createRegistrationWrites, type RegistrationWrites } from './registration-writes.ts';

export type { Release, Resolution };

/**
 * What is to be published. `isUpgrade`: an administrator said that it belongs to the plugin of this name, wherever it is
 * from. `isTrusted`: the operator named its folder. `origin` is an unsigned folder where it is left out.
 */
export type NewRelease = {
  readonly manifest: Manifest;
  readonly digest: Digest;
  readonly place: string;
  readonly findings: readonly Finding[];
  readonly isPublic: boolean;
  readonly isTrusted: boolean;
  readonly origin?: ReleaseOrigin;
  readonly isUpgrade?: boolean;
  readonly by?: string;
};

/** Whom a release is enabled for: one tenant, or, without one, every tenant for as long as the host lives (F003-14, F003-15). */
export type Enabling = {
  readonly tenant?: string;
  readonly config?: JsonObject;
  readonly grants?: readonly string[];
  readonly by?: string;
};

/** Where a registration goes. `expected` is the revision that was judged; `reason` is why the host moves it by itself. */
export type Move = {
  readonly kind: Exclude<MoveKind, 'enable'>;
  readonly version: string;
  readonly grants: readonly string[];
  readonly expected: number;
  readonly by?: string;
  readonly reason?: string;
};

/** The releases and registrations of one host. Reads are synchronous; a write rejects with `STORAGE_UNAVAILABLE` and changes nothing. */
export type Releases = {
  /**
   * Stores a release; the same version with the same digest again is the release that is there, which may become public
   * or trusted by it, and never the contrary.
   *
   * @throws {HostError} `RELEASE_EXISTS`, `PLUGIN_NAME_TAKEN`.
   */
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
  /** Moves one tenant to another release, in one write. @throws {HostError} `PLUGIN_NOT_FOUND`, `RELEASE_NOT_FOUND`, `REVISION_CONFLICT`. */
  readonly move: (tenant: string, plugin: string, move: Move) => Promise<StoredRegistration>;
  /** Says which tenants may see a release, `*` all of them, in place of what was said before. @throws {HostError} `RELEASE_NOT_FOUND`, `TENANT_NOT_FOUND`. */
  readonly offer: (
    plugin: string,
    version: string,
    offer: { readonly tenants: readonly string[]; readonly by?: string },
  ) => Promise<Release>;
  /** Forgets a plugin with its registrations; silent where there is none. */
  readonly remove: (plugin: string) => Promise<void>;
  /** O(1) for a plugin that is registered; `PLUGIN_NOT_FOUND` or `PLUGIN_DISABLED` as a value. */
  readonly resolve: (tenant: string, plugin: string) => Resolution;
  /** Another number as soon as any {@link Releases.resolve} may have another answer. */
  readonly epoch: () => number;
  /** Releases of a plugin, highest version first. */
  readonly releasesOf: (plugin: string) => readonly Release[];
  readonly release: (plugin: string, version: string) => Release | undefined;
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
  /** The release that a registration of the tenant names, or that for all, also where it is disabled. */
  readonly registeredRelease: (tenant: string, plugin: string) => Release | undefined;
  /** Registrations of a tenant, newest first, without those for all. */
  readonly registrationsOf: (tenant: string) => readonly StoredRegistration[];
  /** A tenant's own registration of a plugin. O(1). */
  readonly registrationOf: (tenant: string, plugin: string) => StoredRegistration | undefined;
  /** The registrations of a plugin by tenant, without that for all. */
  readonly registrantsOf: (plugin: string) => readonly StoredRegistration[];
  /** How a registration came to its release, oldest first. */
  readonly movesOf: (tenant: string, plugin: string) => readonly MoveRow[];
};

/** `newId` makes the id of a registration, a UUID. */
export type ReleasesOptions = { readonly catalogue: Catalogue; readonly clock: Clock; readonly newId: () => string };

/** Creates the releases and registrations of a catalogue. */
export function createReleases(options: ReleasesOptions): Releases {
  const writer = { ...options, places: new Map<string, string>() };
  return {
    publish: (wanted) => publish(writer, wanted),
    offer: (plugin, version, offer) => offerTo(writer, { plugin, version }, offer),
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
  if (known?.digest === wanted.digest && isCovered(wanted, known)) return known; // L3
  const misfit = await commit(() => {
    const rival = shelf.release(name, version);
    if (rival !== undefined && rival.digest !== wanted.digest) throw releaseExists(wanted, rival);
    const row = toRow(wanted, rival, isoTime(writer.clock.wallTime()));
    const { signed_by: signer, index } = wanted.origin ?? FOLDER;
    const signed_by = signer?.key;
    const details = {
      version,
      digest: wanted.digest,
      place: wanted.place,
      ...(signed_by !== undefined && { signed_by }),
      ...(index !== undefined && { index: `${index.name} ${index.serial}` }),
    };
    const deed = { action: 'plugin.install', tenant_id: null, resource: `plugin ${name}`, details };
    return written(writer, [{ kind: 'put_release', row }], {
      ...deed,
      ...(wanted.by !== undefined && { actor: wanted.by }),
    });
  });
  const release = shelf.release(name, version);
  // A stored release that this host cannot read is not on the shelf, and has the version all the same.
  if (misfit !== undefined || release === undefined) throw releaseExists(wanted, undefined);
  return release;
}

/** Whether what is there is as public, as trusted and as signed as is wanted. */
function isCovered(wanted: NewRelease, known: Release): boolean {
  const isSigned = known.origin.signed_by !== null || (wanted.origin ?? FOLDER).signed_by === null;
  return isSigned && (known.isPublic || !wanted.isPublic) && (known.isTrusted || !wanted.isTrusted);
}

async function offerTo(
  writer: Writer,
  { plugin, version }: { readonly plugin: string; readonly version: string },
  { tenants, by = EMBEDDER }: { readonly tenants: readonly string[]; readonly by?: string },
): Promise<Release> {
  const { shelf, commit } = writer.catalogue;
  const release = (): Release => {
    const known = shelf.release(plugin, version);
    if (known === undefined) throw releaseNotFound(plugin, version);
    return known;
  };
  const isPublic = tenants.includes(EVERY_TENANT);
  const offeredTo = [...new Set(tenants)].filter((tenant) => tenant !== EVERY_TENANT).toSorted();
  const unknown = offeredTo.find((tenant) => shelf.tenant(tenant) === undefined);
  if (unknown !== undefined)
    throw new HostError('TENANT_NOT_FOUND', {
      message: `there is no tenant ${JSON.stringify(unknown.slice(0, 80))}`,
      hint: 'Name tenants by their ids; `GET /api/v1/tenants` lists them.',
    });
  if (isSameOffer(release(), { isPublic, offeredTo })) return release(); // L3
  await commit(() => {
    const row = { ...storedRow(release()), is_public: isPublic, offered_to: offeredTo };
    const details = { version, is_public: isPublic, offered_to: offeredTo };
    const deed = { actor: by, action: 'plugin.offer', tenant_id: null, resource: `plugin ${plugin}`, details };
    return written(writer, [{ kind: 'put_release', row }], deed);
  });
  return release();
}

function isSameOffer(known: Release, offer: Pick<Release, 'isPublic' | 'offeredTo'>): boolean {
  return known.isPublic === offer.isPublic && known.offeredTo.toSorted().join() === offer.offeredTo.join();
}

async function remove(writer: Writer, plugin: string): Promise<void> {
  const { catalogue, places } = writer;
  const audit = { action: 'plugin.remove', tenant_id: null, resource: `plugin ${plugin}`, details: {} };
  if (catalogue.shelf.releasesOf(plugin).length > 0)
    await catalogue.commit(() => written(writer, [{ kind: 'remove_plugin', plugin_name: plugin }], audit));
  places.delete(plugin);
}

function written(
  { clock }: Writer,
  changes: readonly CatalogueChange[],
  deed: Omit<Deed, 'actor'> & Partial<Deed>,
): CatalogueWrite {
  return audited(clock, changes, { actor: EMBEDDER, ...deed });
}

type Reads = Omit<Releases, keyof RegistrationWrites | 'publish' | 'offer' | 'remove' | 'placeOf'>;

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
    epoch: shelf.epoch,
    releasesOf: shelf.releasesOf,
    plugins: shelf.plugins,
    registered: shelf.registered,
    isNamed: shelf.isNamed,
    registeredRelease: (tenant, plugin) => {
      const row = shelf.registration(tenant, plugin) ?? shelf.registration(EVERY_TENANT, plugin);
      return row === undefined ? undefined : shelf.release(plugin, row.plugin_version);
    },
    registrationsOf: shelf.registrationsOf,
    release: shelf.release,
    registrationOf: shelf.registration,
    registrantsOf: shelf.registrantsOf,
    movesOf: shelf.movesOf,
  };
}

function releaseExists(wanted: NewRelease, known: Release | undefined): HostError {
  const { name, version } = wanted.manifest;
  const there = known === undefined ? 'other content' : `digest ${known.digest.slice(0, 12)}`;
  return new HostError('RELEASE_EXISTS', {
    message: `${name} ${version} exists already with ${there}; this one has digest ${wanted.digest.slice(0, 12)}`,
  });
}

const FOLDER: ReleaseOrigin = { form: 'folder', archive_sha256: null, signed_by: null, dependencies: [] };

/** What is there already stays public, offered, trusted and signed. */
function toRow(wanted: NewRelease, known: Release | undefined, installedAt: string): ReleaseRow {
  const { manifest, digest, place, findings, isPublic, isTrusted, origin = FOLDER } = wanted;
  return {
    plugin_name: manifest.name,
    version: manifest.version,
    digest,
    place,
    manifest: manifest.source,
    findings,
    is_public: isPublic || known?.isPublic === true,
    offered_to: known?.offeredTo ?? [],
    is_trusted: isTrusted || known?.isTrusted === true,
    origin: known !== undefined && known.origin.signed_by !== null ? known.origin : origin,
    installed_at: installedAt,
  };
}

function storedRow(release: Release): ReleaseRow {
  const { installedAt, ...wanted } = release;
  return toRow(wanted, release, installedAt);
}
