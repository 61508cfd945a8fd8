/**
 * Where the plugins with task handlers are that come with the command: in its dist, bundled (tools/build/own-handlers.ts).
 */
import { existsSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

/** Their names. */
export const OWN_HANDLERS = ['render', 'patch_mutator', 'execute', 'evaluate'] as const;

/** One of them. */
export type OwnHandler = (typeof OWN_HANDLERS)[number];

/** Lists the folders of those that are there, in the order in which they were named. */
export function ownHandlerFolders(names: readonly OwnHandler[]): readonly string[] {
  const dist = join(dirname(findPackageJSON(import.meta.url) ?? ''), 'dist');
  return names.map((name) => join(dist, name)).filter((folder) => existsSync(join(folder, 'plugin.json')));
}
