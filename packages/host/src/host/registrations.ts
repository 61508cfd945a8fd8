/**
 * What an embedder changes of registrations: which plugin a tenant may call, in which release, with which configuration and
 * permissions. A configuration is judged by the release's own schema before it is written.
 */
import { DEFAULT_TENANT, type JsonObject } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Release, Releases } from '../catalogue/releases.ts';
import type {
  ChangeOptions,
  DisableOptions,
  RegistrationOptions,
  Registrations,
  ViewOptions,
} from '../registrations-api.ts';
import { withReleaseUp } from '../install/bring-up.ts';
import type { InstallPath } from '../install/install-path.ts';
import { consentAsked, needsConsent } from '../moves/consent.ts';
import { dependentsOf } from '../moves/dependents.ts';
import { insistOnConfig, insistOnGrants } from '../moves/fits-release.ts';
import { compareRelease, listReleases } from '../moves/list-releases.ts';
import type { Whose } from '../moves/move-path.ts';
import { rollBack } from '../moves/rollback.ts';
import { refuseWithoutEvidence, upgrade } from '../moves/upgrade.ts';
import type { HostParts } from './open-parts.ts';

/** Makes the registrations of a host. */
export function createRegistrations({ install, rollouts }: HostParts): Registrations {
  const { releases } = install;

  async function enable(plugin: string, options: RegistrationOptions = {}): ReturnType<Registrations['enable']> {
    const { tenant = DEFAULT_TENANT, config, grant, by } = options;
    const release = releaseToEnable(install, { plugin, tenant, ...options });
    if (config !== undefined) insistOnConfig(release, config);
    if (grant !== undefined) insistOnGrants(release, grant);
    const given = config ?? releases.registrationOf(tenant, plugin)?.config ?? {};
    return withReleaseUp(install, { release, tenant, config: given, mayRecall: true }, () =>
      releases.enable(release, {
        tenant,
        ...(config !== undefined && { config }),
        ...(grant !== undefined && { grants: grant }),
        ...(by !== undefined && { by }),
      }),
    );
  }

  async function configure(
    plugin: string,
    config: JsonObject,
    { tenant = DEFAULT_TENANT, expected, by }: ChangeOptions = {},
  ): ReturnType<Registrations['configure']> {
    const row = releases.registrationsOf(tenant).find(({ plugin_name }) => plugin_name === plugin);
    const release = releases.releasesOf(plugin).find(({ manifest }) => manifest.version === row?.plugin_version);
    if (release !== undefined) insistOnConfig(release, config);
    return releases.configure(tenant, plugin, {
      config,
      ...(expected !== undefined && { expected }),
      ...(by !== undefined && { by }),
    });
  }

  return {
    of: (tenant = DEFAULT_TENANT) => releases.registrationsOf(tenant),
    enable,
    disable: (plugin, options) => disable(releases, plugin, options),
    configure,
    upgrade: async (plugin, { gate = 'trial', ...options }) =>
      upgrade(install, { ...options, ...whoseOf(plugin, options), gate }),
    rollback: async (plugin, options = {}) => rollBack(install, { ...options, ...whoseOf(plugin, options) }),
    releases: (plugin, options = {}) => listReleases(install, whoseOf(plugin, options)),
    compare: async (plugin, version, options = {}) => compareRelease(install, whoseOf(plugin, options), version),
    offer: releases.offer,
    rollout: async (plugin, request) => {
      refuseWithoutEvidence(install);
      return rollouts.start(plugin, request);
    },
    rolloutOf: rollouts.of,
    cancelRollout: (plugin, by) => rollouts.cancel(plugin, by),
    available: (tenant = DEFAULT_TENANT, isPlatform = false, capability) =>
      releases
        .plugins()
        .flatMap((plugin) => newestFor(releases, { plugin, tenant, isPlatform })?.manifest ?? [])
        .filter(({ capabilities }) => capability === undefined || capabilities.includes(capability))
        .toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name))),
  };
}

async function disable(
  releases: Releases,
  plugin: string,
  { tenant = DEFAULT_TENANT, by, cascade = false }: DisableOptions = {},
): ReturnType<Registrations['disable']> {
  const dependents = dependentsOf(releases, tenant, plugin);
  if (dependents.length > 0 && !cascade) throw stillNeeded(plugin, dependents);
  for (const dependent of dependents) await releases.disable(tenant, dependent, by);
  return releases.disable(tenant, plugin, by);
}

function stillNeeded(plugin: string, dependents: readonly string[]): HostError {
  const names = dependents.map((name) => `"${name}"`).join(', ');
  return new HostError('DEPENDENTS_ENABLED', {
    message: `plugin "${plugin}" is needed by ${names}, enabled for this tenant`,
    hint: `Disable ${dependents.length === 1 ? 'that' : 'those'} first, or all at once: \`bulkhead disable ${plugin} --cascade\`.`,
  });
}

function whoseOf(plugin: string, { tenant = DEFAULT_TENANT, isPlatform = false }: ViewOptions): Whose {
  return { plugin, tenant, isPlatform };
}

/** The newest that the tenant may see; the platform may give it one that it does not see, where that is all there is. */
function newestFor(releases: Releases, { plugin, tenant, isPlatform }: Whose): Release | undefined {
  const [newest] = releases.visibleTo(tenant, plugin);
  return newest ?? (isPlatform ? releases.releasesOf(plugin)[0] : undefined);
}

/** An upgrade is asked for by its own name: enabling moves no registration that is enabled, and none to what asks for more. */
function releaseToEnable(
  { releases, guard }: InstallPath,
  options: RegistrationOptions & { readonly plugin: string },
): Release {
  const { plugin, tenant = DEFAULT_TENANT, isPlatform = false, grant } = options;
  const newest = newestFor(releases, { plugin, tenant, isPlatform });
  if (newest === undefined) throw notInRegistry(plugin);
  const row = releases.registrationOf(tenant, plugin);
  const current = row === undefined ? undefined : releases.release(plugin, row.plugin_version);
  if (row === undefined || current === undefined) return newest;
  const isMore = grant === undefined && needsConsent(consentAsked(current.manifest, newest.manifest));
  return row.enabled || isMore || guard === 'required' ? current : newest;
}

function notInRegistry(plugin: string): HostError {
  return new HostError('PLUGIN_NOT_FOUND', { message: `Plugin '${plugin.slice(0, 80)}' not found in registry` });
}
