/**
 * What an administrator decides of recording: which share of the tenant's calls of a plugin, and that what was recorded is forgotten.
 */
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import type { CatalogueChange } from '../storage/catalogue-port.ts';
import { EMBEDDER, audited } from './audited.ts';
import type { Catalogue } from './catalogue.ts';

/**
 * Whose calls of a plugin; `tenant` is `default` where it is left out, and `by` who asked, for the audit log.
 *
 * @public
 */
export type RecordingChange = { readonly tenant?: string; readonly by?: string };

/** What is decided of recording. A write rejects with `STORAGE_UNAVAILABLE` and changes nothing. */
export type RecordingShares = {
  /** O(1). */
  readonly shareOf: (tenant: string, plugin: string) => number;
  /** @throws {HostError} `VALIDATION_FAILED` for what is no share; `PLUGIN_NOT_FOUND` where the tenant has no registration. */
  readonly setShare: (plugin: string, share: number, change?: RecordingChange) => Promise<void>;
  /** @throws {HostError} `PLUGIN_NOT_FOUND` where the tenant has no registration. */
  readonly forget: (plugin: string, change?: RecordingChange) => Promise<void>;
  /** Puts down that somebody read what was recorded. @throws {HostError} `PLUGIN_NOT_FOUND` where the tenant has no registration. */
  readonly noteReading: (plugin: string, change?: RecordingChange) => Promise<void>;
};

/** Makes it over a catalogue. */
export function createRecordingShares(catalogue: Catalogue, clock: Clock): RecordingShares {
  const { shelf } = catalogue;

  async function change(changes: readonly (CatalogueChange & { readonly kind: Kind })[], deed: Deed): Promise<void> {
    const { plugin, tenant, by = EMBEDDER, ...rest } = deed;
    const misfit = await catalogue.commit(() => {
      insistOnRegistration(catalogue, tenant, plugin);
      return audited(clock, changes, { actor: by, tenant_id: tenant, resource: `plugin ${plugin}`, ...rest });
    });
    if (misfit !== undefined) throw notRegistered(plugin);
  }

  return {
    shareOf: shelf.recordedShareOf,
    setShare: async (plugin, share, { tenant = DEFAULT_TENANT, by } = {}) => {
      if (!(share >= 0 && share <= 1)) throw invalidShare(share);
      insistOnRegistration(catalogue, tenant, plugin);
      if (shelf.recordedShareOf(tenant, plugin) === share) return; // What would change nothing is not written.
      const row = { tenant_id: tenant, plugin_name: plugin, share };
      await change([{ kind: 'put_recording', row }], { plugin, tenant, by, action: UPDATE, details: { share } });
    },
    forget: async (plugin, { tenant = DEFAULT_TENANT, by } = {}) =>
      change([{ kind: 'forget_recordings', tenant_id: tenant, plugin_name: plugin }], {
        plugin,
        tenant,
        by,
        action: FORGET,
        details: {},
      }),
    noteReading: async (plugin, { tenant = DEFAULT_TENANT, by } = {}) => {
      insistOnRegistration(catalogue, tenant, plugin);
      await change([], { plugin, tenant, by, action: READ, details: {} });
    },
  };
}

type Kind = 'put_recording' | 'forget_recordings';
type Deed = {
  readonly plugin: string;
  readonly tenant: string;
  readonly by: string | undefined;
  readonly action: string;
  readonly details: { readonly share?: number };
};

const UPDATE = 'plugin.recording_update';
const FORGET = 'plugin.recording_forget';
const READ = 'plugin.recording_read';

function insistOnRegistration({ shelf }: Catalogue, tenant: string, plugin: string): void {
  if (shelf.registration(tenant, plugin) === undefined) throw notRegistered(plugin);
}

function notRegistered(plugin: string): HostError {
  const message = `Plugin '${plugin.slice(0, 80)}' is not registered for this tenant`;
  return new HostError('PLUGIN_NOT_FOUND', { message });
}

function invalidShare(share: number): HostError {
  return new HostError('VALIDATION_FAILED', { message: `share is ${share}; expected a number from 0 to 1` });
}
