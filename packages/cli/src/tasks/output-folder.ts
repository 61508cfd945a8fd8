/**
 * The folder that a project is written into. Nothing goes outside of it or to the project's own files, and no file takes the place of a
 * folder; all of that is known before anything is written.
 */
import type { Stats } from 'node:fs';
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UsageError } from '../usage-error.ts';

/** The folder as it is shown, without `./` and a slash at the end, and the paths that are to be written in it. */
export type OutputPlan = { readonly out: string; readonly projectRoot: string; readonly targets: readonly string[] };

/** The real path of a folder that need not be there. */
export function outputRoot(out: string): Promise<string> {
  return realOf(resolve(out));
}

/** Whether a path is a folder, or in it; both are real. */
function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** A path as people write it. */
export function shownFolder(typed: string): string {
  return join(typed, '.');
}

/**
 * Looks whether the files can go there; the folder itself need not be there. It may lie in the project, of which it is no part then.
 *
 * @throws {UsageError} where the output is the project, or one of its files would be the project's; where it is a file, a link is on the
 *   way, or a folder is where a file is to go.
 */
export async function checkOutput({ out, projectRoot, targets }: OutputPlan): Promise<void> {
  const real = await outputRoot(out);
  if (real === projectRoot)
    throw new UsageError(
      `--out names ${out}, which is the project; expected another folder`,
      `Such as --out ${join(out, 'build')}.`,
    );
  const entry = await stat(out).catch(() => undefined);
  if (entry !== undefined && !entry.isDirectory())
    throw new UsageError(`--out names ${out}, which is a file; expected a folder`, 'Name another, or remove the file.');
  const isInside = isWithin(real, projectRoot);
  const inProject = targets.find((target) => !isInside && isWithin(join(real, target), projectRoot));
  if (inProject !== undefined)
    throw new UsageError(
      `${join(out, inProject)} lies in the project; expected files outside of it`,
      'Name another folder with --out.',
    );
  if (entry !== undefined) await checkPlaces(out, targets);
}

/** Of the folder that is there, with what would be made below it. */
async function realOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing && dirname(path) !== path) return join(await realOf(dirname(path)), basename(path));
    throw error;
  }
}

async function checkPlaces(out: string, targets: readonly string[]): Promise<void> {
  for (const folder of foldersOf(targets)) {
    const entry = await entryAt(join(out, folder));
    if (entry === undefined || entry.isDirectory()) continue;
    const what = entry.isSymbolicLink() ? 'a symbolic link, which may lead out of it' : 'a file';
    throw new UsageError(`${join(out, folder)} is ${what}; expected a folder`, 'Remove it, or name another --out.');
  }
  for (const target of targets) {
    const entry = await entryAt(join(out, target));
    if (entry?.isDirectory() === true)
      throw new UsageError(`${join(out, target)} is a folder; expected a file`, 'Remove it, or name another --out.');
  }
}

function foldersOf(targets: readonly string[]): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const target of targets) {
    for (let folder = dirname(target); folder !== '.'; folder = dirname(folder)) folders.add(folder);
  }
  return folders;
}

/** Undefined where nothing is. What cannot be looked at cannot be written either, and is told then. */
function entryAt(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(() => undefined);
}
