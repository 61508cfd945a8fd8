/**
 * Recorded calls as an embedder sees them: which share is recorded, and what was.
 */
import type { RecordingChange } from './catalogue/recordings.ts';
import type { RecordedCall, RecordingCount } from './storage/recordings-port.ts';

/**
 * How calls are recorded for evaluations. `redact` takes secrets out of a text, in place of the host's own patterns.
 *
 * @public
 */
export type RecordingOptions = { readonly redact?: (text: string) => string };

/**
 * Which recorded calls; `tenant` is `default` where it is left out, and at most `limit` are read, 100 where it is left out.
 *
 * @public
 */
export type RecordingsWanted = {
  readonly plugin: string;
  readonly tenant?: string;
  readonly tool?: string;
  readonly limit?: number;
};

/**
 * Calls that are recorded for evaluations, for each tenant and plugin as its administrator decides; none by default. What is secret is
 * taken out of them, and at most the newest thousand of a tenant and plugin are kept, for as long as the ledger keeps calls.
 *
 * @public
 */
export type Recordings = {
  /** Which share of a tenant's calls of a plugin is recorded, from 0 to 1. */
  readonly share: (of: Pick<RecordingsWanted, 'plugin' | 'tenant'>) => number;
  /** @throws {HostError} `VALIDATION_FAILED`; `PLUGIN_NOT_FOUND` where the tenant has no registration. */
  readonly setShare: (plugin: string, share: number, change?: RecordingChange) => Promise<void>;
  /** Newest first. @throws {HostError} `VALIDATION_FAILED` for a limit that is none. */
  readonly list: (wanted: RecordingsWanted) => Promise<readonly RecordedCall[]>;
  /**
   * The same for somebody who asks from outside: that it was read, and by whom, stands in the audit log before anything is.
   *
   * @throws {HostError} as `list`; `PLUGIN_NOT_FOUND` where the tenant has no registration.
   */
  readonly read: (wanted: RecordingsWanted, by: string) => Promise<readonly RecordedCall[]>;
  /** By tool, sorted by its name. */
  readonly count: (of: Pick<RecordingsWanted, 'plugin' | 'tenant'>) => Promise<readonly RecordingCount[]>;
  /** Forgets all that was recorded of a plugin; the share stays. @throws {HostError} `PLUGIN_NOT_FOUND`. */
  readonly remove: (plugin: string, change?: RecordingChange) => Promise<void>;
};
