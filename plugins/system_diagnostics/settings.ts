/**
 * The configuration as the plugin works with it. The host has judged it by the schema of plugin.json; a table that a registration
 * replaces may lack what the manifest's has, so tables are laid over their defaults here.
 */
import type { JsonObject } from '@bulkhead/sdk';
import manifest from './plugin.json' with { type: 'json' };

/** What is measured; each has a threshold, which is above 0. */
export type Measure = keyof typeof manifest.config.thresholds;

/** The settings in force; read them anew whenever they are needed, since a tenant may change them meanwhile. */
export type Settings = {
  readonly isEnabled: boolean;
  readonly intervalMs: number;
  readonly historyMax: number;
  readonly retentionMs: number;
  readonly thresholds: Readonly<Record<Measure, number>>;
  readonly channels: readonly string[];
  readonly retriesMax: number;
  readonly retryDelayMs: number;
};

/** Reads the configuration. */
export function readSettings(config: JsonObject): Settings {
  const given = config as typeof manifest.config; // The manifest's values with the registration's over them.
  const defaults = manifest.config;
  const failures = { ...defaults.failure_handling, ...given.failure_handling };
  return {
    isEnabled: given.enabled,
    intervalMs: given.interval * 1_000,
    historyMax: given.max_history,
    retentionMs: given.retention * 1_000,
    thresholds: { ...defaults.thresholds, ...given.thresholds },
    channels: given.alert_channels,
    retriesMax: failures.max_retries,
    retryDelayMs: failures.delay * 1_000,
  };
}
