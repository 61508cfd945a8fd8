/**
 * Plugin folders by the folder that they are in.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from './usage-error.ts';

/** Answers one plugin folder, or the plugin folders in a folder, by their names. @throws {UsageError} where there is none. */
export async function pluginFoldersIn(dir: string): Promise<readonly string[]> {
  const isPlugin = (folder: string): boolean => existsSync(join(folder, 'plugin.json'));
  const root = resolve(dir);
  if (isPlugin(root)) return [root];
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const found = entries.map(({ name }) => join(root, name)).filter(isPlugin);
  if (found.length > 0) return found.toSorted();
  throw new UsageError(`${dir} holds no plugin`, 'Name a plugin folder, or a folder of plugin folders.');
}
