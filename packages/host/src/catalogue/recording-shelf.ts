/**
 * Which share of calls is recorded, by tenant and plugin. Every call asks, and most hosts record none. Owned by `shelf.ts`.
 */
import type { RecordingRow } from '../storage/catalogue-port.ts';

/** Creates the shelf of no share. */
export function createRecordingShelf() {
  const tenants = new Map<string, Map<string, number>>();

  function put({ tenant_id, plugin_name, share }: RecordingRow): void {
    if (share === 0) return removeOf(tenant_id, plugin_name);
    const shares = tenants.get(tenant_id) ?? new Map<string, number>();
    tenants.set(tenant_id, shares.set(plugin_name, share));
  }

  function removeOf(tenant: string, plugin: string): void {
    tenants.get(tenant)?.delete(plugin);
  }

  return {
    put,
    removeOf,
    load: (rows: readonly RecordingRow[]): void => {
      tenants.clear();
      for (const row of rows) put(row);
    },
    removeTenant: (tenant: string): void => void tenants.delete(tenant),
    removePlugin: (plugin: string): void => {
      for (const shares of tenants.values()) shares.delete(plugin);
    },
    /** 0 where none is recorded. O(1). */
    of: (tenant: string, plugin: string): number => tenants.get(tenant)?.get(plugin) ?? 0,
  };
}
