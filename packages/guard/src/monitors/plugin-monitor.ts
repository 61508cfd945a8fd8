/**
 * A monitor that a plugin offers, run in the plugin's own guest (F002-18 to F002-25, F002-29, X002-11).
 */
import type { Host } from '@bulkhead/host';
import type { JsonValue, Outcome } from '@bulkhead/protocol';
import { GuardError } from '../guard-error.ts';
import type { Monitor } from './monitor.ts';
import { createRemoteMonitor } from './remote-monitor.ts';
import { assertVersionPins } from './version-pins.ts';

/**
 * Which monitor of which plugin, and through what it is reached.
 *
 * @public
 */
export type PluginMonitorOptions = {
  readonly host: Pick<Host, 'callEntry' | 'entries'>;
  readonly plugin: string;
  /** Of the group `monitors`. */
  readonly entry: string;
  /** The host's `default` where not said. */
  readonly tenant?: string;
  /** Milliseconds of one call; the plugin's own limit where not said. */
  readonly timeoutMs?: number;
};

/**
 * Opens a plugin's monitor, and asks it for its name. Each record is one call; sixteen are under way at once, and begin in their order.
 * The plugin's manifest needs `"limits": { "instances": 1 }`, and `"concurrency": 1` where its `record` waits for anything: a run whose
 * process was replaced is failed. Its options are the plugin's configuration (F002-21).
 *
 * @returns A monitor. That it throws, hangs, exits or is killed fails the call, and so its own summary alone.
 * @throws {GuardError} `MONITOR_INVALID` where the tenant has no such entry point, it does not say its name, or it is for another version
 *   of guard (F002-32).
 * @public
 */
export async function createPluginMonitor(options: PluginMonitorOptions): Promise<Monitor> {
  const { host, plugin, entry, tenant, timeoutMs } = options;
  const name = `${plugin}/${entry}`;
  const offered = host.entries(tenant).filter((one) => one.group === 'monitors' || one.group === 'bulkhead.monitors');
  const found = offered.find((one) => one.plugin === plugin && one.name === entry);
  if (found === undefined) {
    const known = offered.map((one) => `${one.plugin}/${one.name}`).join(', ');
    throw new GuardError(
      'MONITOR_INVALID',
      `no plugin offers the monitor "${name}"; available: ${known === '' ? 'none' : known}`,
    );
  }
  assertVersionPins(name, found.about['metadata']);
  const call = (method: string, args: readonly JsonValue[]): Promise<Outcome> =>
    host.callEntry({ plugin, group: 'monitors', name: entry, method, args, tenant, timeoutMs });
  const said = await call('identifier', []);
  if (!said.ok)
    throw new GuardError(
      'MONITOR_INVALID',
      `monitor "${name}" did not say its name: ${said.error.code}: ${said.error.message}. ${said.error.hint}`,
    );
  return createRemoteMonitor({ id: typeof said.value === 'string' && said.value !== '' ? said.value : name, call });
}
