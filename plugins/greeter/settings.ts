/**
 * The greeter's configuration, read anew whenever it is needed, because a tenant may change it while the plugin runs.
 */
import type { JsonObject } from '@bulkhead/sdk';

const LEVELS = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;

/** The settings in force (F004-13); `features` are off unless the configuration says true. */
export type Settings = {
  readonly isEnabled: boolean;
  readonly intervalMs: number;
  readonly logLevel: (typeof LEVELS)[number];
  readonly features: { readonly remember: boolean; readonly shout: boolean };
};

/**
 * Reads the configuration, with a default for whatever it leaves out.
 *
 * @throws {TypeError} that names the field whose value makes no sense.
 */
export function readSettings(config: JsonObject): Settings {
  const { enabled = true, interval = 300, log_level = 'INFO', features = {} } = config;
  if (typeof enabled !== 'boolean') throw new TypeError('config.enabled is neither true nor false');
  if (typeof interval !== 'number' || interval < 1)
    throw new TypeError('config.interval is not a number of seconds from 1');
  const logLevel = LEVELS.find((level) => level === log_level);
  if (logLevel === undefined) throw new TypeError(`config.log_level is none of ${LEVELS.join(', ')}`);
  const isOn = (name: string): boolean => (features as JsonObject | null)?.[name] === true; // No other shape has names.
  return {
    isEnabled: enabled,
    intervalMs: interval * 1000,
    logLevel,
    features: { remember: isOn('remember'), shout: isOn('shout') },
  };
}

/** Tells whether a line of this level is to be written. */
export function isLogged(settings: Settings, level: Settings['logLevel']): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(settings.logLevel);
}
