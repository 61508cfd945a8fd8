/**
 * Releases and registrations by plugin, and what each tenant resolves to, worked out when something is written so that a
 * call only looks it up. Owned by `shelf.ts`.
 */
import {
  LIMITS,
  callError,
  parseDigest,
  parseManifest,
  type CallError,
  type Digest,
  type Finding,
  type JsonObject,
  type Manifest,
  type ReleaseOrigin,
} from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { MoveRow, ReleaseRow, StoredRegistration, StoredRollout } from '../storage/catalogue-port.ts';

declare const published: unique symbol;

/**
 * An immutable version of a plugin; only publishing it, or reading a stored one, makes it.
 *
 * @public
 */
export type Release = {
  readonly [published]: true;
  readonly manifest: Manifest;
  readonly digest: Digest;
  /** The folder it came from, or a word such as "upload". */
  readonly place: string;
  readonly findings: readonly Finding[];
  readonly isPublic: boolean;
  readonly offeredTo: readonly string[];
  /** The operator named its folder; another needs a stronger sandbox. */
  readonly isTrusted: boolean;
  readonly origin: ReleaseOrigin;
  readonly installedAt: string;
};

/** What a tenant runs of a plugin, with the manifest's config under its own; or why it runs none. */
export type Resolution =
  | {
      readonly kind: 'resolved';
      readonly release: Release;
      readonly registration: StoredRegistration;
      readonly config: JsonObject;
    }
  | { readonly kind: 'refused'; readonly error: CallError };

/** No tenant can have this id, so a registration for all never meets one of a tenant. */
export const EVERY_TENANT = '*';

type PluginShelf = {
  readonly releases: Map<string, Release>;
  readonly registrations: Map<string, StoredRegistration>;
  readonly resolutions: Map<string, Resolution>;
  /** By tenant, oldest first. */
  readonly moves: Map<string, readonly MoveRow[]>;
  rollout: StoredRollout | undefined;
};

/** Creates the shelves of no plugin; those that read rows say in `unreadable` what this host does not understand. */
export function createPluginShelves() {
  const plugins = new Map<string, PluginShelf>();
  const unreadable = new Set<string>();
  /** Of what tenants run: whoever remembers something of it asks whether that still holds. */
  let epoch = 0;

  function of(plugin: string): PluginShelf {
    const known = plugins.get(plugin);
    if (known !== undefined) return known;
    const made = emptyShelf();
    plugins.set(plugin, made);
    return made;
  }

  /** The release that is there stays the same object, so that whoever holds it holds the one that is called. */
  function putRelease(row: ReleaseRow): void {
    const { releases, registrations } = of(row.plugin_name);
    const release = readRelease(row, releases.get(row.version));
    if (release === undefined) return void unreadable.add(`${row.plugin_name} ${row.version}`);
    releases.set(row.version, release);
    for (const registration of registrations.values())
      if (registration.plugin_version === row.version) assign(registration);
  }

  function assign(row: StoredRegistration): void {
    epoch += 1;
    const shelf = of(row.plugin_name);
    shelf.registrations.set(row.tenant_id, row);
    const release = shelf.releases.get(row.plugin_version);
    shelf.resolutions.set(row.tenant_id, resolutionOf(row, release));
  }

  function unassign(tenant: string, plugin: string): void {
    epoch += 1;
    const shelf = plugins.get(plugin);
    for (const kept of [shelf?.registrations, shelf?.resolutions, shelf?.moves]) kept?.delete(tenant);
  }

  function addMove(row: MoveRow): void {
    const { moves } = of(row.plugin_name);
    moves.set(row.tenant_id, [...(moves.get(row.tenant_id) ?? []), row].slice(-LIMITS.moves.value));
  }

  return {
    putRelease,
    assign,
    unassign,
    addMove,
    putRollout: (row: StoredRollout): void => void (of(row.plugin_name).rollout = row),
    remove: (plugin: string): boolean => {
      epoch += 1;
      return plugins.delete(plugin);
    },
    clear: (): void => {
      epoch += 1;
      for (const kept of [plugins, unreadable]) kept.clear();
    },
    epoch: (): number => epoch,
    get: (plugin: string): PluginShelf | undefined => plugins.get(plugin),
    names: (): readonly string[] => [...plugins.keys()],
    all: (): readonly PluginShelf[] => [...plugins.values()],
    unreadable: (): readonly string[] => [...unreadable],
  };
}

function emptyShelf(): PluginShelf {
  return {
    releases: new Map(),
    registrations: new Map(),
    resolutions: new Map(),
    moves: new Map(),
    rollout: undefined,
  };
}

function resolutionOf(registration: StoredRegistration, release: Release | undefined): Resolution {
  if (release === undefined) return unknownPlugin(registration.plugin_name);
  if (registration.enabled) {
    const config = { ...release.manifest.config, ...registration.config };
    return { kind: 'resolved', release, registration, config };
  }
  const message = `plugin "${registration.plugin_name}" is disabled for this tenant`;
  return { kind: 'refused', error: callError('PLUGIN_DISABLED', { message }) };
}

const QUOTED_CHARACTERS = 80;

/** The answer where a tenant runs no such plugin; the name is clipped, since a caller may send anything. */
export function unknownPlugin(plugin: string): Resolution {
  const message = `no plugin ${JSON.stringify(plugin.slice(0, QUOTED_CHARACTERS))} is installed for this tenant`;
  return { kind: 'refused', error: callError('PLUGIN_NOT_FOUND', { message }) };
}

/** The error of a version that is not there, or not for whoever asks: both in the same words. */
export function releaseNotFound(plugin: string, version: string): HostError {
  const shown = [plugin, version].map((text) => text.slice(0, QUOTED_CHARACTERS));
  return new HostError('RELEASE_NOT_FOUND', { message: `Plugin '${shown[0]}' has no release ${shown[1]}` });
}

/** Reads a stored release; undefined where this version of the host no longer understands it. */
function readRelease(row: ReleaseRow, known: Release | undefined): Release | undefined {
  if (known?.digest === row.digest && isSameOffer(known, row)) return known;
  const parsed = parseManifest(row.manifest);
  const digest = parseDigest(row.digest);
  if (!parsed.ok || digest === undefined) return undefined;
  return {
    manifest: parsed.manifest,
    digest,
    place: row.place,
    findings: row.findings,
    isPublic: row.is_public,
    offeredTo: row.offered_to,
    isTrusted: row.is_trusted,
    origin: row.origin,
    installedAt: row.installed_at,
  } as Release; // The only place that makes one.
}

function isSameOffer(known: Release, row: ReleaseRow): boolean {
  const { offeredTo } = known;
  const { offered_to } = row;
  if (known.isPublic !== row.is_public || known.isTrusted !== row.is_trusted) return false;
  if (known.origin.signed_by?.key !== row.origin.signed_by?.key) return false;
  return offeredTo.length === offered_to.length && offeredTo.every((tenant, index) => tenant === offered_to[index]);
}
