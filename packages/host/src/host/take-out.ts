/**
 * How a plugin goes: withdrawn from one tenant, with all that it has kept for later; or uninstalled, for everybody and for
 * good. Calls in flight end first.
 */
import type { InstallPath } from '../install/install-path.ts';

/** Disables a plugin for a tenant, and forgets its health where nobody else has it enabled; silent where it is not registered. */
export async function withdraw(
  path: InstallPath,
  { name, tenant, by }: { readonly name: string; readonly tenant: string; readonly by: string | undefined },
): Promise<void> {
  const { releases, registry } = path;
  if (!releases.registrationsOf(tenant).some((row) => row.plugin_name === name)) return;
  await releases.disable(tenant, name, by);
  if (!releases.isDisabled(name)) return;
  await end(path, digestsOf(path, name));
  registry.unregister(name);
}

/** Takes a plugin out with its releases and everybody's registrations; silent where there is none. */
export async function uninstall(path: InstallPath, name: string): Promise<void> {
  const { releases, registry, metrics } = path;
  const digests = digestsOf(path, name);
  await releases.remove(name);
  await end(path, digests);
  registry.unregister(name);
  metrics.removePlugin(name);
  await path.state
    .forget(name)
    .catch((error: unknown) => path.log.warn({ err: error, plugin: name }, 'what the plugin has kept was not removed'));
  await sweepArtifacts(path);
}

/** Removes what no stored release names; called in turn with installs, so that none is on its way. A failure costs room alone. */
async function sweepArtifacts({ releases, artifacts, clock, log }: InstallPath): Promise<void> {
  const named = releases.plugins().flatMap((plugin) => releases.releasesOf(plugin));
  const referenced = new Set(named.map(({ digest }) => digest));
  await artifacts
    .sweep({ referenced, before: clock.wallTime() })
    .catch((error: unknown) => log.warn({ err: error }, 'what no release names was not removed from the artifacts'));
}

function digestsOf({ releases }: InstallPath, name: string): readonly string[] {
  return releases.releasesOf(name).map(({ digest }) => digest);
}

async function end({ fleet }: InstallPath, digests: readonly string[]): Promise<void> {
  await Promise.all(digests.map((digest) => fleet.retire(digest)));
}
