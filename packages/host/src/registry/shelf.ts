/**
 * Releases and registrations in memory, and what each tenant resolves to, worked out when something is written so that a
 * call only looks it up. Owned by `releases.ts`, which writes the storage first.
 */
import {
  callError,
  type CallError,
  type Digest,
  type Finding,
  type JsonObject,
  type Manifest,
} from '@bulkhead/protocol';
import { compare } from 'semver';
import type { RegistrationRow } from '../storage/port.ts';

declare const published: unique symbol;

/** An immutable version of a plugin; only publishing it, or reading a stored one, makes it. */
export type Release = {
  readonly [published]: true;
  readonly manifest: Manifest;
  readonly digest: Digest;
  /** The folder it came from, or a word such as "upload". */
  readonly place: string;
  readonly findings: readonly Finding[];
  readonly isPublic: boolean;
  readonly installedAt: string;
};

/** What a tenant runs of a plugin, with the manifest's config under its own; or why it runs none. */
export type Resolution =
  | {
      readonly kind: 'resolved';
      readonly release: Release;
      readonly registration: RegistrationRow;
      readonly config: JsonObject;
    }
  | { readonly kind: 'refused'; readonly error: CallError };

/** No tenant can have this id, so a registration for all never meets one of a tenant. */
export const EVERY_TENANT = '*';

/** See {@link createShelf}. */
export type Shelf = ReturnType<typeof createShelf>;

type PluginShelf = {
  readonly releases: Map<string, Release>;
  readonly registrations: Map<string, RegistrationRow>;
  readonly resolutions: Map<string, Resolution>;
};

/** Creates an empty shelf: releases and registrations by plugin, and what each tenant resolves to, worked out at the write. */
export function createShelf() {
  const shelves = new Map<string, PluginShelf>();

  function of(plugin: string): PluginShelf {
    const known = shelves.get(plugin);
    if (known !== undefined) return known;
    const made: PluginShelf = { releases: new Map(), registrations: new Map(), resolutions: new Map() };
    shelves.set(plugin, made);
    return made;
  }

  function put(release: Release | undefined): boolean {
    if (release === undefined) return false;
    of(release.manifest.name).releases.set(release.manifest.version, release);
    return true;
  }

  function assign(row: RegistrationRow): void {
    const shelf = of(row.plugin_name);
    shelf.registrations.set(row.tenant_id, row);
    const release = shelf.releases.get(row.plugin_version);
    shelf.resolutions.set(row.tenant_id, resolutionOf(row, release));
  }

  function releasesOf(plugin: string): readonly Release[] {
    const releases = [...(shelves.get(plugin)?.releases.values() ?? [])];
    return releases.toSorted((a, b) => compare(b.manifest.version, a.manifest.version));
  }

  function registrationsOf(tenant: string): readonly RegistrationRow[] {
    const rows = [...shelves.values()].flatMap((shelf) => shelf.registrations.get(tenant) ?? []);
    return rows
      .toReversed()
      .toSorted((a, b) => (a.installed_at < b.installed_at ? 1 : a.installed_at > b.installed_at ? -1 : 0));
  }

  return {
    put,
    assign,
    releasesOf,
    registrationsOf,
    remove: (plugin: string): boolean => shelves.delete(plugin),
    plugins: (): readonly string[] =>
      [...shelves].filter(([, shelf]) => shelf.releases.size > 0).map(([plugin]) => plugin),
    release: (plugin: string, version: string): Release | undefined => shelves.get(plugin)?.releases.get(version),
    registration: (tenant: string, plugin: string): RegistrationRow | undefined =>
      shelves.get(plugin)?.registrations.get(tenant),
    resolution: (tenant: string, plugin: string): Resolution | undefined =>
      shelves.get(plugin)?.resolutions.get(tenant),
  };
}

function resolutionOf(registration: RegistrationRow, release: Release | undefined): Resolution {
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

/** Makes a release of its fields; for `releases.ts` alone. */
export function toRelease(fields: Omit<Release, typeof published>): Release {
  const { manifest, digest, place, findings, isPublic, installedAt } = fields;
  return { manifest, digest, place, findings, isPublic, installedAt } as Release; // The only place that makes one.
}
