/**
 * A tenant's plugin started afresh, where an administrator thinks that its guests are beyond mending. It reads no folder and
 * changes no registration.
 */
import { HostError } from '../base/host-error.ts';
import type { InstalledRelease } from '../host-api.ts';
import type { HostParts } from './open-parts.ts';

/** See `Host.renew`. */
export async function renew({ call }: HostParts, name: string, tenant: string): Promise<InstalledRelease> {
  const { registry, releases, fleet } = call;
  const resolution = releases.resolve(tenant, name);
  if (resolution.kind === 'refused') throw refusalOf(resolution.error.code, name);
  const { manifest, digest, findings } = resolution.release;
  registry.reload(name, { scope: tenant, digest });
  void fleet.find(digest)?.renew(tenant); // Whoever asks need not wait for calls that may last minutes.
  const { state, reason } = registry.getStatus(name, { scope: tenant, showThrownText: true });
  return { name: manifest.name, version: manifest.version, digest, state, reason, findings, problems: [] };
}

function refusalOf(code: string, name: string): HostError {
  if (code === 'PLUGIN_DISABLED') return new HostError('PLUGIN_DISABLED');
  return new HostError('PLUGIN_NOT_FOUND', {
    message: `Plugin '${name.slice(0, 80)}' is not registered for this tenant`,
  });
}
