/**
 * Where the plugins with task handlers are that come with the command: in its dist, bundled (tools/build/own-handlers.ts).
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import type { Host } from '@bulkhead/host';
import { isJsonObject } from '@bulkhead/protocol';

/** Their names. */
export const OWN_HANDLERS = ['render', 'patch_mutator', 'execute', 'evaluate'] as const;

/** One of them. */
export type OwnHandler = (typeof OWN_HANDLERS)[number];

/**
 * Installs those that are there for every tenant. They are granted what they ask for: whoever started this without a word of other plugins
 * wants what they do, and what they ask for opens nothing but sandboxes of their own and the host's models.
 *
 * @throws {HostError} as `host.install`.
 */
export async function installOwnHandlers(
  host: Pick<Host, 'install'>,
  names: readonly OwnHandler[] = OWN_HANDLERS,
): Promise<void> {
  const dist = join(dirname(findPackageJSON(import.meta.url) ?? ''), 'dist');
  const folders = names.map((name) => join(dist, name)).filter((folder) => existsSync(join(folder, 'plugin.json')));
  for (const folder of folders) await host.install(folder, { grant: await askedIn(folder), mayRecallTrial: true });
}

async function askedIn(folder: string): Promise<readonly string[]> {
  const manifest: unknown = JSON.parse(await readFile(join(folder, 'plugin.json'), 'utf8'));
  const fields = isJsonObject(manifest) ? [manifest['required_permissions'], manifest['optional_permissions']] : [];
  return fields.flat().filter((word) => typeof word === 'string');
}
