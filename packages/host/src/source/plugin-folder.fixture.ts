/**
 * Real plugin folders for tests: written below a fresh temporary folder that is removed with the fixture.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

type FileContent = string | Uint8Array | object;

/** A plugin folder on disk; paths of its methods are relative to it. */
export type PluginFolder = AsyncDisposable & {
  /** The plugin folder; its parent is empty but for it, and is removed too. */
  readonly dir: string;
  readonly parent: string;
  readonly write: (path: string, content: FileContent) => Promise<void>;
  readonly link: (path: string, target: string) => Promise<void>;
};

/** A manifest that is valid. */
export const MANIFEST = { name: 'sample', version: '1.0.0', description: 'A sample.', author: 'Somebody' };

/** Writes files by path; an object is written as JSON, and plugin.json is {@link MANIFEST} unless it is given. */
export async function makePluginFolder(files: Readonly<Record<string, FileContent>>): Promise<PluginFolder> {
  const parent = await mkdtemp(join(tmpdir(), 'bulkhead-plugin-'));
  const dir = join(parent, 'plugin');
  const write = (path: string, content: FileContent): Promise<void> => writeInto(join(dir, path), content);
  for (const [path, content] of Object.entries({ 'plugin.json': MANIFEST, ...files })) await write(path, content);
  return {
    dir,
    parent,
    write,
    link: (path, target) => symlink(target, join(dir, path)),
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }),
  };
}

async function writeInto(path: string, content: FileContent): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const isWritten = typeof content === 'string' || content instanceof Uint8Array;
  await writeFile(path, isWritten ? content : JSON.stringify(content, undefined, 2));
}
