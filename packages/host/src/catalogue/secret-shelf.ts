/**
 * Which secrets are set, by tenant and plugin; never what they are. Owned by `shelf.ts`.
 */
import type { SecretName, SecretRow } from '../storage/secrets-port.ts';

type OfPlugin = Map<string, SecretRow>;

/** Creates the shelf of no secret. */
export function createSecretShelf() {
  const tenants = new Map<string, Map<string, OfPlugin>>();

  function put(row: SecretRow): void {
    const plugins = tenants.get(row.tenant_id) ?? new Map<string, OfPlugin>();
    const secrets = plugins.get(row.plugin_name) ?? new Map<string, SecretRow>();
    secrets.set(row.name, row);
    plugins.set(row.plugin_name, secrets);
    tenants.set(row.tenant_id, plugins);
  }

  /** By name, in order of their first setting. */
  function of(tenant: string, plugin: string): ReadonlyMap<string, SecretRow> {
    return tenants.get(tenant)?.get(plugin) ?? NONE;
  }

  return {
    put,
    of,
    load: (rows: readonly SecretRow[]): void => {
      tenants.clear();
      for (const row of rows) put(row);
    },
    remove: ({ tenant_id, plugin_name, name }: SecretName): void =>
      void tenants.get(tenant_id)?.get(plugin_name)?.delete(name),
    removeOf: (tenant: string, plugin: string): void => void tenants.get(tenant)?.delete(plugin),
    removeTenant: (tenant: string): void => void tenants.delete(tenant),
    removePlugin: (plugin: string): void => {
      for (const plugins of tenants.values()) plugins.delete(plugin);
    },
    /** Secrets of a tenant, over all its plugins. */
    countOf: (tenant: string): number =>
      [...(tenants.get(tenant)?.values() ?? [])].reduce((count, plugin) => count + plugin.size, 0),
    all: (): readonly SecretRow[] =>
      [...tenants.values()].flatMap((plugins) => [...plugins.values()].flatMap((plugin) => [...plugin.values()])),
  };
}

const NONE: ReadonlyMap<string, SecretRow> = new Map();
