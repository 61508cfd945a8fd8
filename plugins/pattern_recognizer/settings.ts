/**
 * The configuration as the plugin works with it. The host has judged it by the schema of plugin.json, so it is only named here.
 */
import type { JsonObject } from '@bulkhead/sdk';
import manifest from './plugin.json' with { type: 'json' };

/** The settings in force; read them anew whenever they are needed, since a tenant may change them meanwhile. */
export type Settings = {
  readonly isKeeping: boolean;
  readonly minConfidence: number;
  readonly patternsMax: number;
  readonly ttlMs: number;
};

/** Reads the configuration. */
export function readSettings(config: JsonObject): Settings {
  const given = config as typeof manifest.config; // The manifest's values with the registration's over them.
  return {
    isKeeping: given.enabled,
    minConfidence: given.min_confidence,
    patternsMax: given.max_patterns,
    ttlMs: given.ttl * 1_000,
  };
}
