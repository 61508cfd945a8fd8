/**
 * The call flow, for parts that are opened before it and need it only once a guest runs.
 */
import type { CallPath } from '../call/call-run.ts';

/** What is opened after the guests whose asks it serves. */
export type LateCalls = { path?: CallPath };

/** What the release that a tenant runs can do without; empty where there is none. */
export function optionalBy(late: LateCalls): (tenant: string, plugin: string) => readonly string[] {
  return (tenant, plugin) => {
    const resolution = late.path?.releases.resolve(tenant, plugin);
    return resolution?.kind === 'resolved' ? resolution.release.manifest.optional_permissions : [];
  };
}

/** What a registration was granted; empty where the tenant does not run the plugin, or nothing runs yet. */
export function grantsBy(late: LateCalls): (tenant: string, plugin: string) => readonly string[] {
  return (tenant, plugin) => {
    const resolution = late.path?.releases.resolve(tenant, plugin);
    return resolution?.kind === 'resolved' ? resolution.registration.granted_permissions : [];
  };
}
