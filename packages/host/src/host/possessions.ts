/**
 * What an instance has beside its configuration: a temp folder, and placeholders of secrets. Both by what the tenant's
 * registration was granted; both are the instance's from its first line to its last, so that a tenant whose grants or secrets
 * change gets fresh instances; so does one whose grants of optional permissions change, since a plugin finds out which it has
 * when it is loaded, and may have begun what it may no longer do. An instance that serves every tenant has neither: a folder would carry things from one to the
 * other, and of secrets each call brings its own tenant's.
 */
import { askedPermissions } from '@bulkhead/protocol';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Resolution } from '../catalogue/releases.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { grantedAs, type LiveScope, type LiveSpec } from '../fleet/live-plugin.ts';
import { SHARED_SCOPE } from '../sandbox/sandbox.ts';
import type { FindOperatorSecret } from '../secrets/operator-secrets.ts';
import type { Placeholders } from '../secrets/placeholders.ts';

/** What one instance has. */
export type Belongings = { readonly hasTempDir: boolean; readonly secrets: Readonly<Record<string, string>> };

/** Decides, and keeps running instances in step with it. */
export type Possessions = {
  /** What an instance that is about to open has. A trial has a folder where the plugin needs one, which goes with it, and no secrets. */
  readonly of: (spec: LiveSpec, scope: LiveScope) => Belongings;
  /** Placeholders of the secrets that a tenant has set, of those that the plugin declares and was granted. */
  readonly secretsOf: (spec: LiveSpec, tenant: string) => Readonly<Record<string, string>>;
  /** Gives fresh instances to tenants for whom something else holds than when theirs were opened. */
  readonly didChange: (fleet: Fleet) => void;
};

/** What it is decided by. */
export type PossessionsOptions = {
  /** How the release stands for the tenant, also where it stands in for another. */
  readonly standingOf: (tenant: string, spec: LiveSpec) => Resolution;
  readonly catalogue: Pick<Catalogue, 'shelf'>;
  readonly placeholderOf: Placeholders;
  readonly operatorSecret: FindOperatorSecret;
};

/** Makes it. */
export function createPossessions(options: PossessionsOptions): Possessions {
  /** What instances were opened with, as text, by digest and tenant. */
  const opened = new Map<string, string>();
  const now = (spec: LiveSpec, tenant: string): Belongings => ({
    hasTempDir: asks(spec, 'temp_dir') && isGranted(options, tenant, { spec, word: 'temp_dir' }),
    secrets: secretsOf(options, spec, tenant),
  });
  const textOf = (spec: LiveSpec, tenant: string): string => {
    const { driver, optional_permissions } = spec.manifest;
    // An MCP server holds what it was given until it ends.
    const held = driver === 'stdio' ? askedPermissions(spec.manifest) : optional_permissions;
    return JSON.stringify([now(spec, tenant), held.filter((word) => isGranted(options, tenant, { spec, word }))]);
  };

  function didChange(fleet: Fleet): void {
    const former = new Map(opened);
    opened.clear();
    for (const live of fleet.all()) {
      for (const tenant of live.scopes()) {
        const key = keyOf(live.spec, tenant);
        const had = former.get(key);
        if (had === undefined) continue;
        if (had === textOf(live.spec, tenant)) opened.set(key, had);
        else void live.renew(tenant);
      }
    }
  }

  return {
    of: (spec, { name: tenant, isTrial }) => {
      if (tenant === SHARED_SCOPE) return NOTHING;
      if (isTrial) return { ...NOTHING, hasTempDir: needs(spec, 'temp_dir') };
      // One in a harness has a release's digest, and must not be taken for an instance that serves.
      if (spec.isJudged !== true) opened.set(keyOf(spec, tenant), textOf(spec, tenant));
      return now(spec, tenant);
    },
    secretsOf: (spec, tenant) => secretsOf(options, spec, tenant),
    didChange,
  };
}

const NO_SECRETS: Readonly<Record<string, string>> = {};
const NOTHING: Belongings = { hasTempDir: false, secrets: NO_SECRETS };

/** A trial tells whether a plugin can do without what it says that it can do without. */
function needs({ kind, manifest }: LiveSpec, word: string): boolean {
  return kind === 'plugin' && manifest.required_permissions.includes(word);
}

function asks({ kind, manifest }: LiveSpec, word: string): boolean {
  return kind === 'plugin' && askedPermissions(manifest).includes(word);
}

type Asked = { readonly spec: LiveSpec; readonly word: string };

function isGranted({ standingOf }: PossessionsOptions, tenant: string, { spec, word }: Asked): boolean {
  const resolution = standingOf(tenant, spec);
  return resolution.kind === 'resolved' && resolution.registration.granted_permissions.includes(word);
}

function secretsOf(options: PossessionsOptions, spec: LiveSpec, tenant: string): Readonly<Record<string, string>> {
  const declared = Object.keys(spec.manifest.secrets);
  if (declared.length === 0 || !asks(spec, 'secrets')) return NO_SECRETS;
  if (!isGranted(options, tenant, { spec, word: 'secrets' })) return NO_SECRETS;
  const plugin = grantedAs(spec);
  const set = options.catalogue.shelf.secretsOf(tenant, plugin);
  const which = (name: string) => ({ tenant_id: tenant, plugin_name: plugin, name });
  return Object.fromEntries(
    declared
      .filter((name) => set.has(name) || options.operatorSecret(spec.manifest, name) !== undefined)
      .map((name) => [name, options.placeholderOf(which(name))]),
  );
}

function keyOf({ digest }: LiveSpec, tenant: string): string {
  return `${digest}\0${tenant}`;
}
