/**
 * Tenants: made, changed and removed by administrators. It knows no token, call or plugin.
 */
import { DEFAULT_TENANT, parseTier, type Tier } from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { CatalogueChange, Quota, TenantRow } from '../storage/catalogue-port.ts';
import { EMBEDDER, audited } from './audited.ts';
import type { Catalogue } from './catalogue.ts';

/**
 * What an administrator sets of a tenant; null takes a bound away, what is left out stays.
 *
 * @public
 */
export type TenantSettings = { readonly minTier?: Tier | null; readonly quota?: Quota };

/**
 * The tenants of one host. Writes reject with `STORAGE_UNAVAILABLE` and change nothing; `by` is the actor for the audit log.
 *
 * @public
 */
export type Tenants = {
  /** @throws {HostError} `VALIDATION_FAILED` for a name that cannot be one, or a quota; `TENANT_NAME_TAKEN`. */
  readonly create: (wanted: { readonly name: string } & TenantSettings, by?: string) => Promise<TenantRow>;
  /** @throws {HostError} `TENANT_NOT_FOUND`, `VALIDATION_FAILED`. */
  readonly change: (id: string, settings: TenantSettings, by?: string) => Promise<TenantRow>;
  /** Removes a tenant with its tokens and registrations. @throws {HostError} `TENANT_NOT_FOUND`; `VALIDATION_FAILED` for `default`. */
  readonly remove: (id: string, by?: string) => Promise<void>;
  /** In order of their making. */
  readonly list: () => readonly TenantRow[];
  /** Finds a tenant by its id, or else by its name. O(1) by id. */
  readonly find: (word: string) => TenantRow | undefined;
};

/** `newId` makes a UUID. */
export type TenantsOptions = { readonly catalogue: Catalogue; readonly clock: Clock; readonly newId: () => string };

/** Creates the tenants of a catalogue. */
export function createTenants(options: TenantsOptions): Tenants {
  const { shelf } = options.catalogue;
  const find = (word: string): TenantRow | undefined =>
    shelf.tenant(word) ?? shelf.tenants().find(({ name }) => name === word);
  return {
    create: (wanted, by = EMBEDDER) => create(options, wanted, by),
    change: (id, settings, by = EMBEDDER) => change(options, { id, settings, by }),
    remove: (id, by = EMBEDDER) => remove(options, id, by),
    list: shelf.tenants,
    find,
  };
}

async function create(
  { catalogue, clock, newId }: TenantsOptions,
  wanted: { readonly name: string } & TenantSettings,
  by: string,
): Promise<TenantRow> {
  const now = isoTime(clock.wallTime());
  const name = readName(wanted.name);
  const { min_tier = null, quota = {} } = readSettings(wanted);
  const row: TenantRow = { id: newId(), name, min_tier, quota, created_at: now, updated_at: now };
  const put: CatalogueChange = { kind: 'put_tenant', row };
  const deed = {
    actor: by,
    action: 'tenant.create',
    tenant_id: row.id,
    resource: `tenant ${row.id}`,
    details: { name },
  };
  const misfit = await catalogue.commit(() => audited(clock, [put], deed));
  if (misfit !== undefined) {
    throw new HostError('TENANT_NAME_TAKEN', { message: `there is a tenant named ${JSON.stringify(name)} already` });
  }
  return row;
}

async function change(
  { catalogue, clock }: TenantsOptions,
  { id, settings, by }: { readonly id: string; readonly settings: TenantSettings; readonly by: string },
): Promise<TenantRow> {
  const fields = readSettings(settings);
  await catalogue.commit(() => {
    const row = { ...known(catalogue, id), ...fields, updated_at: isoTime(clock.wallTime()) };
    const details = { min_tier: row.min_tier, quota: { ...row.quota } };
    const deed = { actor: by, action: 'tenant.update', tenant_id: id, resource: `tenant ${id}`, details };
    return audited(clock, [{ kind: 'put_tenant', row }], deed);
  });
  return known(catalogue, id);
}

async function remove({ catalogue, clock }: TenantsOptions, id: string, by: string): Promise<void> {
  if (id === DEFAULT_TENANT) {
    throw new HostError('VALIDATION_FAILED', { message: 'the built-in tenant "default" cannot be removed' });
  }
  await catalogue.commit(() => {
    const { name } = known(catalogue, id);
    const deed = { actor: by, action: 'tenant.remove', tenant_id: id, resource: `tenant ${id}`, details: { name } };
    return audited(clock, [{ kind: 'remove_tenant', tenant_id: id }], deed);
  });
}

function known({ shelf }: Catalogue, id: string): TenantRow {
  const row = shelf.tenant(id);
  if (row !== undefined) return row;
  throw new HostError('TENANT_NOT_FOUND', { message: `there is no tenant ${JSON.stringify(id.slice(0, 80))}` });
}

const NAME_CHARACTERS_MAX = 255;
/** Controls, and what turns the direction of text: a name is shown to people. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/u;

function readName(given: string): string {
  const name = given.normalize('NFC').trim();
  if (name !== '' && name.length <= NAME_CHARACTERS_MAX && !UNPRINTABLE.test(name)) return name;
  throw new HostError('VALIDATION_FAILED', {
    message: `name is ${JSON.stringify(given.slice(0, 80))}; expected 1 to ${NAME_CHARACTERS_MAX} printable characters`,
  });
}

const QUOTA_FIELDS = [
  'calls_per_second',
  'calls_in_flight',
  'cpu_seconds_per_minute',
  'memory_mb_minutes_per_minute',
  'weight',
  'llm_tokens_per_day',
  'llm_usd_per_day',
  'egress_bytes_per_day',
  'open_tasks',
] as const satisfies readonly (keyof Quota)[];

function readSettings({ minTier, quota }: TenantSettings): Partial<Pick<TenantRow, 'min_tier' | 'quota'>> {
  if (minTier !== undefined && minTier !== null && parseTier(minTier) === undefined)
    throw new HostError('VALIDATION_FAILED', { message: `min_tier is ${JSON.stringify(minTier)}, which is no tier` });
  return {
    ...(minTier !== undefined && { min_tier: minTier }),
    ...(quota !== undefined && { quota: readQuota(quota) }),
  };
}

function readQuota(quota: Quota): Quota {
  for (const [field, value] of Object.entries(quota)) {
    if (!QUOTA_FIELDS.some((name) => name === field))
      throw new HostError('VALIDATION_FAILED', {
        message: `quota has no field ${JSON.stringify(field.slice(0, 80))}; it has ${QUOTA_FIELDS.join(', ')}`,
      });
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
      throw new HostError('VALIDATION_FAILED', {
        message: `quota.${field} is ${JSON.stringify(value)}; expected a number above 0, or to be left out`,
      });
  }
  return quota;
}
