/**
 * What a plugin holds in place of a secret: a text from which nothing of the value follows, and which nobody can guess who does
 * not have this host's key. The same for the same tenant, plugin and name while the host lives, so that nothing has to be kept.
 */
import { createHmac } from 'node:crypto';
import type { SecretName } from '../storage/secrets-port.ts';

/** Makes the placeholder of a secret: 55 characters, letters, digits and underscores, so that it fits wherever a value may stand. */
export type Placeholders = (which: SecretName) => string;

/** Ahead of each, for those who read logs. */
const PREFIX = 'bulkhead_secret_';
const DIGITS = 39;

/**
 * Makes placeholders.
 *
 * @param key - 32 random bytes, new for each host.
 */
export function createPlaceholders(key: Uint8Array): Placeholders {
  return ({ tenant_id, plugin_name, name }) => {
    // None of the three may hold a NUL, so that no two secrets have the same text.
    const mac = createHmac('sha256', key).update([tenant_id, plugin_name, name].join('\0')).digest('hex');
    return `${PREFIX}${mac.slice(0, DIGITS)}`;
  };
}
