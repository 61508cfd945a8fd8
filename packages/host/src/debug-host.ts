/**
 * A host for `bulkhead debug DIR`: its guests run as in production but for an inspector, so its receipt says `debug`. It is a
 * function of its own, because no option of a host, no key of a configuration and no route may bring one about.
 */
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import { openInspector, type Inspector } from './debug/inspector.ts';
import type { Host } from './host-api.ts';
import { openHost } from './host.ts';
import { debugSettings, resolveSettings } from './host/settings.ts';

/**
 * What is debugged, and who is given the inspectors.
 *
 * @experimental
 */
export type DebugHostOptions = {
  /** The plugin folder; its files are shown to the debugger beside what runs. */
  readonly dir: string;
  /** Told of each instance that opens: first of the trial's, which ends at once, then of those that serve. */
  readonly onInspector: (inspector: Inspector) => void;
};

/**
 * A host, and what is done with it in development alone; closing the host ends all.
 *
 * @experimental
 */
export type DebugHost = AsyncDisposable & {
  readonly host: Host;
  /** Starts an instance of an installed plugin before anybody calls it. */
  readonly start: (plugin: string) => void;
};

/**
 * Opens the host; storage is in memory.
 *
 * @throws {HostError} `SANDBOX_TOO_WEAK`.
 * @experimental
 */
export async function createDebugHost({ dir, onInspector }: DebugHostOptions): Promise<DebugHost> {
  const settings = debugSettings(resolveSettings({}), {
    didOpen: ({ inspector, instanceId }, sourceMap) => {
      if (inspector !== undefined) onInspector(openInspector(inspector, { instanceId, sourceMap, dir }));
    },
  });
  const { host, parts } = await openHost(settings);
  return {
    host,
    [Symbol.asyncDispose]: host.close,
    start: (plugin) => {
      const resolution = parts.install.releases.resolve(DEFAULT_TENANT, plugin);
      if (resolution.kind !== 'resolved') return;
      void parts.install.fleet.find(resolution.release.digest)?.start(DEFAULT_TENANT, resolution.config);
    },
  };
}
