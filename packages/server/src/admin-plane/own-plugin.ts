/**
 * Which plugins somebody may look into: a tenant those that it has, the platform all.
 */
import { HostError, type Host } from '@bulkhead/host';
import type { Caller } from '../door/principal.ts';

const NAME_CHARACTERS_MAX = 64;

/** Tells whether a caller may look into a plugin. */
export function isOwnPlugin(host: Host, name: string, { tenant, isPlatform }: Caller): boolean {
  if (isPlatform && host.health(name) !== undefined) return true;
  return host.registrations.of(tenant).some(({ plugin_name }) => plugin_name === name);
}

/** @throws {HostError} `PLUGIN_NOT_FOUND` where a caller has none of that name, in the words of the contract (X003-6). */
export function insistOnOwnPlugin(host: Host, name: string, caller: Caller): void {
  if (isOwnPlugin(host, name, caller)) return;
  const shown = name.slice(0, NAME_CHARACTERS_MAX);
  const message = caller.isPlatform
    ? `Plugin '${shown}' not found in registry`
    : `Plugin '${shown}' is not registered for this tenant`;
  throw new HostError('PLUGIN_NOT_FOUND', { message });
}

/** @throws {HostError} `PLUGIN_NOT_FOUND` where a tenant has no registration of the plugin. */
export function insistOnRegistered({ registrations }: Host, name: string, tenant: string): void {
  if (registrations.of(tenant).some(({ plugin_name }) => plugin_name === name)) return;
  const message = `Plugin '${name.slice(0, NAME_CHARACTERS_MAX)}' is not registered for this tenant`;
  throw new HostError('PLUGIN_NOT_FOUND', { message });
}
