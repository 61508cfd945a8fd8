/**
 * Finds plugin folders in a folder of folders. Opens no plugin: what is wrong with one is said when it is read.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError, systemCodeOf } from '../base/host-error.ts';

/** A folder that claims to be a plugin; `name` is the folder's own. */
export type DiscoveredPlugin = { readonly name: string; readonly dir: string };

/**
 * Lists the sub-folders that hold a plugin.json, an entry module, or a package.json with the keyword `bulkhead-plugin`
 * or a `bulkhead` object, sorted by name (X003-5).
 *
 * @returns an empty list where the folder does not exist. Names that start with "_" or "." are left out.
 * @throws {HostError} `SOURCE_NOT_FOUND` where it is a file, or may not be read.
 */
export async function discoverPlugins(dir: string): Promise<readonly DiscoveredPlugin[]> {
  const names = (await namesIn(dir)).filter((name) => !/^[._]/.test(name) && name !== 'node_modules').toSorted();
  const found = await Promise.all(names.map((name) => discover(dir, name)));
  return found.filter((plugin) => plugin !== undefined);
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT') return [];
    throw new HostError('SOURCE_NOT_FOUND', {
      message: `"${dir}" is no folder that can be read (${code})`,
      cause: error,
    });
  }
}

async function discover(parent: string, name: string): Promise<DiscoveredPlugin | undefined> {
  const dir = join(parent, name);
  if (!(await isFolder(dir))) return undefined;
  return (await isPlugin(dir)) ? { name, dir } : undefined;
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined); // Gone, or a dangling link: no plugin.
  return found?.isDirectory() === true;
}

/** An entry module without a manifest counts: its author is told that plugin.json is missing. */
const MARKS = /^(?:plugin\.json|main\.(?:[cm]?[jt]s)|index\.(?:[cm]?[jt]s))$/;

async function isPlugin(dir: string): Promise<boolean> {
  try {
    const names = await readdir(dir);
    if (names.some((name) => MARKS.test(name))) return true;
    return names.includes('package.json') && (await isMarkedPackage(join(dir, 'package.json')));
  } catch (error) {
    // One that cannot be read is tried and refused with that reason, instead of being passed over in silence.
    return ['EACCES', 'EPERM'].includes(systemCodeOf(error) ?? '');
  }
}

/** A cheap look at the text; whether it is a manifest is decided when the folder is read. */
async function isMarkedPackage(path: string): Promise<boolean> {
  const { size } = await stat(path);
  return size <= PACKAGE_JSON_BYTES_MAX && /"bulkhead(?:-plugin)?"/.test(await readFile(path, 'utf8'));
}

/** Larger package.json files are not written by people. */
const PACKAGE_JSON_BYTES_MAX = 1024 * 1024;
