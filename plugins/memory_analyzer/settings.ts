/**
 * The configuration as the plugin works with it. The host has judged it by the schema of plugin.json, so it is only named here.
 */
import type { JsonObject } from '@bulkhead/sdk';
import manifest from './plugin.json' with { type: 'json' };

/** The settings in force; read them anew whenever they are needed, since a tenant may change them meanwhile. */
export type Settings = {
  readonly isEnabled: boolean;
  readonly intervalMs: number;
  readonly retentionMs: number;
  /** Share of the artifacts that one memory holds, 0 to 1. */
  readonly alertThreshold: number;
  readonly plugins: readonly string[];
};

/** Reads the configuration. */
export function readSettings(config: JsonObject): Settings {
  const given = config as typeof manifest.config; // The manifest's values with the registration's over them.
  return {
    isEnabled: given.enabled,
    intervalMs: given.interval * 1_000,
    retentionMs: given.retention * 1_000,
    alertThreshold: given.alert_threshold,
    plugins: given.plugins,
  };
}
