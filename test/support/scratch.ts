/**
 * A temporary folder that goes with the block that uses it.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type Scratch = AsyncDisposable & { readonly path: string };

/** Makes the folder, in the system's unless `parent` says otherwise; everybody may enter it unless `mode` does. */
export async function openScratch(name: string, mode = 0o755, parent = tmpdir()): Promise<Scratch> {
  const path = await mkdtemp(join(parent, `${name}-`));
  await chmod(path, mode);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Writes files below a folder, which is made where it is not there; returns the folder. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}
