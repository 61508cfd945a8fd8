/**
 * What an embedder changes of registrations: which plugin a tenant may call, with which configuration and permissions. A
 * configuration is judged by the release's own schema before it is written.
 */
import { DEFAULT_TENANT, capabilitiesOf, type JsonObject } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Release } from '../catalogue/releases.ts';
import type { ChangeOptions, RegistrationOptions, Registrations } from '../host-api.ts';
import { compileSchema } from '../schema/compile-schema.ts';
import type { HostParts } from './open-parts.ts';

/** Makes the registrations of a host. */
export function createRegistrations({ install }: HostParts): Registrations {
  const { releases } = install;

  async function enable(plugin: string, options: RegistrationOptions = {}): ReturnType<Registrations['enable']> {
    const { tenant = DEFAULT_TENANT, config, grant, by } = options;
    const [newest] = releases.visibleTo(tenant, plugin);
    if (newest === undefined) throw notInRegistry(plugin);
    if (config !== undefined) insistOnConfig(newest, config);
    if (grant !== undefined) insistOnGrants(newest, grant);
    return releases.enable(newest, {
      tenant,
      ...(config !== undefined && { config }),
      ...(grant !== undefined && { grants: grant }),
      ...(by !== undefined && { by }),
    });
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
    disable: async (plugin, { tenant = DEFAULT_TENANT, by } = {}) => releases.disable(tenant, plugin, by),
    configure,
    available: (tenant = DEFAULT_TENANT) =>
      releases
        .plugins()
        .flatMap((plugin) => releases.visibleTo(tenant, plugin)[0]?.manifest ?? [])
        .toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name))),
  };
}

function notInRegistry(plugin: string): HostError {
  return new HostError('PLUGIN_NOT_FOUND', { message: `Plugin '${plugin.slice(0, 80)}' not found in registry` });
}

/** The plugin sees the manifest's configuration with the registration's over it, so that is what must fit. */
function insistOnConfig({ manifest }: Release, config: JsonObject): void {
  const { name, config_schema: schema } = manifest;
  if (JSON.stringify(config).includes('\\u0000'))
    throw new HostError('CONFIG_INVALID', { message: `the config of "${name}" holds a NUL character` });
  if (schema === undefined) return;
  const compiled = compileSchema(schema, `config_schema of "${name}"`);
  const wrong = compiled.ok ? compiled.check({ ...manifest.config, ...config }) : compiled.message;
  if (wrong !== undefined) throw new HostError('CONFIG_INVALID', { message: `config: ${wrong}` });
}

/** What was not asked for is not granted, so that a grant says what the plugin has. */
function insistOnGrants({ manifest }: Release, grant: readonly string[]): void {
  const asked = capabilitiesOf(manifest.required_permissions);
  const unasked = grant.find((word) => !asked.includes(word));
  if (unasked === undefined) return;
  const list = asked.length === 0 ? 'it asks for none' : `it asks for ${asked.join(', ')}`;
  throw new HostError('VALIDATION_FAILED', {
    message: `grant names ${JSON.stringify(unasked.slice(0, 80))}, which "${manifest.name}" does not ask for; ${list}`,
  });
}
