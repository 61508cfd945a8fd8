/**
 * Whether a configuration and a grant fit a release.
 */
import { askedPermissions, type JsonObject } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Release } from '../catalogue/releases.ts';
import { compileSchema } from '../schema/compile-schema.ts';

/**
 * The plugin sees the manifest's configuration with the registration's over it, so that is what must fit.
 *
 * @throws {HostError} `CONFIG_INVALID`.
 */
export function insistOnConfig({ manifest }: Release, config: JsonObject): void {
  const { name, config_schema: schema } = manifest;
  if (JSON.stringify(config).includes('\\u0000'))
    throw new HostError('CONFIG_INVALID', { message: `the config of "${name}" holds a NUL character` });
  if (schema === undefined) return;
  const compiled = compileSchema(schema, `config_schema of "${name}"`);
  const wrong = compiled.ok ? compiled.check({ ...manifest.config, ...config }) : compiled.message;
  if (wrong !== undefined) throw new HostError('CONFIG_INVALID', { message: `config: ${wrong}` });
}

/**
 * What was not asked for is not granted, so that a grant says what the plugin has. A scope may be named, and gives nobody
 * anything: it is the caller's token that must have it.
 *
 * @throws {HostError} `VALIDATION_FAILED`.
 */
export function insistOnGrants({ manifest }: Release, grant: readonly string[]): void {
  const asked = askedPermissions(manifest);
  const unasked = grant.find((word) => !asked.includes(word));
  if (unasked === undefined) return;
  const list = asked.length === 0 ? 'it asks for none' : `it asks for ${asked.join(', ')}`;
  throw new HostError('VALIDATION_FAILED', {
    message: `grant names ${JSON.stringify(unasked.slice(0, 80))}, which "${manifest.name}" does not ask for; ${list}`,
  });
}
