/**
 * The call flow, for parts that are opened before it and need it only once a guest runs.
 */
import type { CallPath, StandIn } from '../call/call-run.ts';
import { findStanding } from '../moves/canary.ts';

/** What is opened after the guests whose asks it serves. */
export type LateCalls = { path?: CallPath };

/** By tenant and plugin; with a digest of that release, where it stands in for the one that the tenant runs. */
type Words = (tenant: string, plugin: string, digest?: string) => readonly string[];

/** What the release that a tenant runs can do without; empty where there is none. */
export function optionalBy(late: LateCalls): Words {
  return (...release) => standing(late, ...release)?.release.manifest.optional_permissions ?? [];
}

/** What a registration was granted; empty where the tenant does not run the plugin, or nothing runs yet. */
export function grantsBy(late: LateCalls): Words {
  return (...release) => standing(late, ...release)?.registration.granted_permissions ?? [];
}

function standing({ path }: LateCalls, ...[tenant, name, digest]: Parameters<Words>): StandIn | undefined {
  if (path === undefined) return undefined;
  const resolution = findStanding(path, tenant, { name, digest });
  return resolution.kind === 'resolved' ? resolution : undefined;
}
