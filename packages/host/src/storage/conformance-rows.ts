/**
 * Rows and commits that the catalogue's parts of the Storage conformance suite write.
 */
import type {
  AuditEntry,
  CatalogueChange,
  CatalogueWrite,
  RegistrationRow,
  ReleaseRow,
  TenantRow,
  TokenRow,
} from './catalogue-port.ts';
import { minute } from './conformance-fixture.ts';

/** The line of every commit. */
export const AUDIT: AuditEntry = {
  at: minute(4),
  actor: 'platform',
  action: 'plugin.install',
  tenant_id: null,
  resource: 'plugin a',
  details: { version: '1.0.0' },
};

/** A commit of changes. */
export function write(...changes: readonly CatalogueChange[]): CatalogueWrite {
  return { changes, audit: AUDIT };
}

/** The answer to a commit that was made. */
export function done(revision: number): { readonly kind: 'done'; readonly revision: number } {
  return { kind: 'done', revision };
}

/** A change that puts a tenant of the suite. */
export function putTenant(id: string): Extract<CatalogueChange, { kind: 'put_tenant' }> {
  return { kind: 'put_tenant', row: tenant(id) };
}

/** A change that puts a token of the suite. */
export function putToken(tenantId: string, id: string): Extract<CatalogueChange, { kind: 'put_token' }> {
  return { kind: 'put_token', row: token(tenantId, id) };
}

/** A change that puts a release of the suite. */
export function putRelease(plugin: string, version: string): Extract<CatalogueChange, { kind: 'put_release' }> {
  return { kind: 'put_release', row: release(plugin, version) };
}

/** A change that puts a registration of the suite. */
export function putRegistration(
  tenantId: string,
  plugin: string,
): Extract<CatalogueChange, { kind: 'put_registration' }> {
  return { kind: 'put_registration', row: registration(tenantId, plugin) };
}

/** A tenant of the suite. */
export function tenant(id: string): TenantRow {
  return { id, name: id, min_tier: null, quota: {}, created_at: minute(0), updated_at: minute(1) };
}

/** A token of the suite. */
export function token(tenantId: string, id: string): TokenRow {
  return {
    id,
    tenant_id: tenantId,
    role: 'operator',
    scopes: null,
    hash: 'a'.repeat(64),
    created_at: minute(0),
    expires_at: null,
  };
}

/** A release of the suite. */
export function release(plugin: string, version: string): ReleaseRow {
  const manifest = { name: plugin, version, nested: { list: [1, 'two', null, true] } };
  const findings = [{ id: 'X', severity: 'warning', path: 'main.ts', line: 3, message: 'm', hint: 'h' }] as const;
  return {
    plugin_name: plugin,
    version,
    digest: 'd'.repeat(64),
    place: `/plugins/${plugin}`,
    manifest,
    findings,
    is_public: true,
    offered_to: [],
    is_trusted: true,
    origin: { form: 'folder', archive_sha256: null, signed_by: null, dependencies: [] },
    installed_at: minute(0),
  };
}

/** A registration of the suite. */
export function registration(tenantId: string, plugin: string): RegistrationRow {
  const digits = Buffer.from(`${tenantId} ${plugin}`).toString('hex');
  return {
    id: `00000000-0000-4000-8000-${digits.slice(-12).padStart(12, '0')}`,
    tenant_id: tenantId,
    plugin_name: plugin,
    plugin_version: '1.0.0',
    enabled: true,
    config: {},
    granted_permissions: ['internet'],
    installed_at: minute(0),
    updated_at: minute(1),
  };
}
