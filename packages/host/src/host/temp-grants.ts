/**
 * Who has a temp folder: an instance of a plugin that asks for `temp_dir`, for a tenant whose registration was granted it.
 * One that serves every tenant has none, because a folder would carry things from one to the other.
 */
import type { Fleet } from '../fleet/fleet.ts';
import type { LiveScope, LiveSpec } from '../fleet/live-plugin.ts';
import type { Releases } from '../catalogue/releases.ts';
import { SHARED_SCOPE } from '../sandbox/sandbox.ts';

/** Decides, and keeps running instances in step with it. */
export type TempGrants = {
  /** Tells whether an instance that is about to open has one. A trial has what the plugin asks for, and leaves nothing behind. */
  readonly has: (spec: LiveSpec, scope: LiveScope) => boolean;
  /** Gives fresh instances to tenants that granted or revoked it since theirs were opened: a folder cannot come or go later. */
  readonly didChange: (fleet: Fleet) => void;
};

/** Makes it. */
export function createTempGrants(releases: Pick<Releases, 'resolve'>): TempGrants {
  /** What instances were opened with, by digest and tenant. */
  const opened = new Map<string, boolean>();
  const isGranted = (tenant: string, plugin: string): boolean => {
    const resolution = releases.resolve(tenant, plugin);
    return resolution.kind === 'resolved' && resolution.registration.granted_permissions.includes(WORD);
  };

  function didChange(fleet: Fleet): void {
    const former = new Map(opened);
    opened.clear();
    for (const live of fleet.all()) {
      for (const tenant of live.scopes()) {
        const key = keyOf(live.spec, tenant);
        const had = former.get(key);
        if (had === undefined) continue;
        if (had === isGranted(tenant, live.spec.name)) opened.set(key, had);
        else void live.renew(tenant);
      }
    }
  }

  return {
    has: (spec, { name: tenant, isTrial }) => {
      if (!asks(spec) || tenant === SHARED_SCOPE) return false;
      if (isTrial) return true;
      const has = isGranted(tenant, spec.name);
      opened.set(keyOf(spec, tenant), has);
      return has;
    },
    didChange,
  };
}

const WORD = 'temp_dir';

function asks({ kind, manifest }: LiveSpec): boolean {
  return kind === 'plugin' && manifest.required_permissions.includes(WORD);
}

function keyOf({ digest }: LiveSpec, tenant: string): string {
  return `${digest}\0${tenant}`;
}
