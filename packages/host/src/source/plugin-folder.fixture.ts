/**
 * Real plugin folders for tests: written below a fresh temporary folder that is removed with the fixture.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type PluginFolder = AsyncDisposable & {
  /** The plugin folder; its parent is empty but for it, and is removed too. */
  readonly dir: string;
  readonly parent: string;
  readonly link: (path: string, target: string) => Promise<void>;
};

/** A manifest that is valid. */
export const MANIFEST = { name: 'sample', version: '1.0.0', description: 'A sample.', author: 'Somebody' };

/** Writes files by path; an object is written as JSON, and plugin.json is {@link MANIFEST} unless it is given. */
export async function makePluginFolder(
  files: Readonly<Record<string, string | Uint8Array | object>>,
): Promise<PluginFolder> {
  const parent = await mkdtemp(join(tmpdir(), 'bulkhead-plugin-'));
  const dir = join(parent, 'plugin');
  for (const [path, content] of Object.entries({ 'plugin.json': MANIFEST, ...files })) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    const isText = typeof content === 'string' || content instanceof Uint8Array;
    await writeFile(join(dir, path), isText ? content : JSON.stringify(content, undefined, 2));
  }
  return {
    dir,
    parent,
    link: (path, target) => symlink(target, join(dir, path)),
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }),
  };
}
