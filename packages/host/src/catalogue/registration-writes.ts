/**
 * What is to be written of registrations: made, enabled, disabled, configured, and moved from one release to another, each
 * with its line of the audit log, and a move with its line of the registration's own history. It decides no permission and
 * tries no release.
 */
import { envNameOf, type JsonObject } from '@bulkhead/protocol';
import { isDeepStrictEqual } from 'node:util';
import { isoTime } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type {
  CatalogueChange,
  CatalogueWrite,
  MoveKind,
  RegistrationRow,
  StoredRegistration,
} from '../storage/catalogue-port.ts';
import { EMBEDDER, audited } from './audited.ts';
import { EVERY_TENANT, releaseNotFound, type Release } from './plugin-shelves.ts';
import type { Enabling, Move, Releases, ReleasesOptions } from './releases.ts';

/** The methods of {@link Releases} that write a registration. */
export type RegistrationWrites = Pick<Releases, 'enable' | 'disable' | 'configure' | 'move'>;

type Configuring = { readonly config: JsonObject; readonly expected?: number; readonly by?: string };

/** Makes them over a catalogue. */
export function createRegistrationWrites(writer: ReleasesOptions): RegistrationWrites {
  return {
    enable: async (release, enabling) => enable(writer, release, enabling),
    disable: async (tenant, plugin, by) =>
      alter(writer, { tenant, plugin }, () => ({ action: 'plugin.disable', by, fields: { enabled: false } })),
    configure: async (tenant, plugin, configuring) => configure(writer, { tenant, plugin }, configuring),
    move: async (tenant, plugin, move) => moveTo(writer, { tenant, plugin }, move),
  };
}

function enable(writer: ReleasesOptions, release: Release, enabling: Enabling = {}): Promise<StoredRegistration> {
  const { tenant = EVERY_TENANT, config, grants, by } = enabling;
  const { name, version } = release.manifest;
  return change(writer, { tenant, plugin: name }, (row) => ({
    action: 'plugin.enable',
    by,
    move: { kind: 'enable' },
    fields: {
      plugin_version: version,
      enabled: true,
      config: config ?? row?.config ?? {},
      granted_permissions: grants ?? row?.granted_permissions ?? [],
    },
  }));
}

function configure(
  writer: ReleasesOptions,
  whose: Whose,
  { config, expected, by }: Configuring,
): Promise<StoredRegistration> {
  return alter(writer, whose, (row) => {
    if (expected !== undefined) insistOnRevision(row, expected);
    return { action: 'plugin.config_update', by, fields: { config } };
  });
}

const ACTIONS: Readonly<Record<Move['kind'], string>> = {
  upgrade: 'plugin.upgrade',
  canary: 'plugin.upgrade',
  rollback: 'plugin.rollback',
  automatic_rollback: 'plugin.rollback',
};

function moveTo(writer: ReleasesOptions, whose: Whose, move: Move): Promise<StoredRegistration> {
  const { kind, version, grants, expected, by, reason } = move;
  return alter(writer, whose, (row) => {
    insistOnRevision(row, expected);
    return {
      action: ACTIONS[kind],
      by,
      move: { kind, ...(reason !== undefined && { reason }) },
      fields: { plugin_version: version, granted_permissions: grants },
    };
  });
}

type PlannedChange = {
  readonly action: string;
  readonly by?: string | undefined;
  /** Of a change that may name another version. */
  readonly move?: { readonly kind: MoveKind; readonly reason?: string };
  readonly fields: Partial<RegistrationRow>;
};
type Whose = { readonly tenant: string; readonly plugin: string };

/** Changes a registration that there is, to a release that there is. */
function alter(
  writer: ReleasesOptions,
  whose: Whose,
  plan: (row: StoredRegistration) => PlannedChange,
): Promise<StoredRegistration> {
  const { plugin } = whose;
  return change(writer, whose, (row) => {
    if (row === undefined) throw notFound(`Plugin '${plugin}' is not registered for this tenant`);
    const planned = plan(row);
    const version = planned.fields.plugin_version ?? row.plugin_version;
    if (writer.catalogue.shelf.release(plugin, version) === undefined) throw releaseNotFound(plugin, version);
    return planned;
  });
}

/** Writes what `plan` makes of the registration as it is; what is for every tenant is kept in memory alone. */
async function change(
  writer: ReleasesOptions,
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
  writer: ReleasesOptions,
  whose: Whose,
  plan: (row: StoredRegistration | undefined) => PlannedChange,
): CatalogueWrite {
  const { tenant, plugin } = whose;
  const { shelf } = writer.catalogue;
  const known = shelf.registration(tenant, plugin);
  const planned = plan(known);
  const { action, by = EMBEDDER, fields, move } = planned;
  const row = { ...nextRow(writer, whose, known), ...fields };
  const put: CatalogueChange = { kind: 'put_registration', row, expected: known?.revision ?? 0 };
  const moves = moveOf(planned, known, row);
  const tenants = shelf.tenant(tenant) === undefined ? [putTenant(writer, tenant)] : [];
  const details = {
    version: row.plugin_version,
    enabled: row.enabled,
    ...(moves.length > 0 && known !== undefined && { from_version: known.plugin_version }),
    ...(move?.reason !== undefined && { reason: move.reason }),
    ...envDetail(row),
  };
  const deed = { actor: by, action, tenant_id: tenant, resource: `plugin ${plugin}`, details };
  return audited(writer.clock, [...tenants, put, ...moves], deed);
}

/** Values of the server's own environment that a plugin gets are named in the line, and never written. */
function envDetail({ granted_permissions }: RegistrationRow): { readonly env?: readonly string[] } {
  const env = granted_permissions.flatMap((word) => envNameOf(word) ?? []);
  return env.length === 0 ? {} : { env };
}

/** The line of the history, where the version is another one. */
function moveOf(
  { move, by = EMBEDDER }: PlannedChange,
  known: StoredRegistration | undefined,
  row: RegistrationRow,
): readonly CatalogueChange[] {
  if (move === undefined || known === undefined || known.plugin_version === row.plugin_version) return [];
  const { tenant_id, plugin_name, plugin_version: to_version, updated_at: at } = row;
  const { plugin_version: from_version, granted_permissions: granted_before } = known;
  const reason = move.reason ?? null;
  const moved = { kind: move.kind, from_version, to_version, granted_before, actor: by, reason, at };
  return [{ kind: 'add_move', row: { tenant_id, plugin_name, ...moved } }];
}

/** The registration as it is, or a new one, without its revision. */
function nextRow(
  { clock, newId }: ReleasesOptions,
  { tenant, plugin }: Whose,
  known: StoredRegistration | undefined,
): RegistrationRow {
  const now = isoTime(clock.wallTime());
  if (known !== undefined) {
    const { revision: _revision, ...row } = known;
    return { ...row, updated_at: now };
  }
  return {
    id: newId(),
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
export function putTenant({ clock }: Pick<ReleasesOptions, 'clock'>, id: string): CatalogueChange {
  const now = isoTime(clock.wallTime());
  return { kind: 'put_tenant', row: { id, name: id, min_tier: null, quota: {}, created_at: now, updated_at: now } };
}

function isNothingNew(row: RegistrationRow, fields: Partial<RegistrationRow>): boolean {
  return isDeepStrictEqual(row, { ...row, ...fields });
}

function insistOnRevision({ plugin_name, revision }: StoredRegistration, expected: number): void {
  if (expected === revision) return;
  throw new HostError('REVISION_CONFLICT', {
    message: `the registration of "${plugin_name}" has revision ${revision}, and ${expected} was expected`,
  });
}

function notFound(message: string): HostError {
  return new HostError('PLUGIN_NOT_FOUND', { message });
}
