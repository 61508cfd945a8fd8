/**
 * The packages of our own plugins: what a plugin's package.json names, and what those need, as links in its node_modules to what is
 * installed at the root. So one lock file and one `npm ci` serve all of them, and each folder is read as its author's would be.
 */
import { glob, lstat, mkdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

type Packages = Readonly<Record<string, string>>;
type About = { readonly version?: string; readonly dependencies?: Packages };

/**
 * Links them below the repository root, for each folder in `plugins` that has a package.json, and answers the links that were made.
 *
 * @throws {Error} where a package is not installed, or is of another version than the plugin's package.json names.
 */
export async function linkPluginPackages(root: string): Promise<readonly string[]> {
  const made: string[] = [];
  for await (const path of glob('plugins/*/package.json', { cwd: root })) {
    const folder = dirname(path);
    for (const name of await closureOf(root, join(root, path))) {
      const link = join(root, folder, 'node_modules', name);
      if (await linkTo(join(root, 'node_modules', name), link)) made.push(relative(root, link));
    }
  }
  return made;
}

async function closureOf(root: string, packageJson: string): Promise<ReadonlySet<string>> {
  const { dependencies = {} } = await readAbout(packageJson);
  for (const [name, version] of Object.entries(dependencies)) {
    const { version: installed } = await readAbout(join(root, 'node_modules', name, 'package.json'));
    if (installed !== version)
      throw new Error(`${packageJson} names ${name} ${version}, and ${installed} is installed; make them equal`);
  }
  const found = new Set<string>();
  const waiting = Object.keys(dependencies);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    // A pure entry of ours needs a part of what its package does: the plugin names that itself.
    if (name.startsWith('@bulkhead/')) continue;
    const about = await readAbout(join(root, 'node_modules', name, 'package.json'));
    waiting.push(...Object.keys(about.dependencies ?? {}));
  }
  return found;
}

async function readAbout(path: string): Promise<About> {
  return JSON.parse(await readFile(path, 'utf8')) as About; // npm has read it before us.
}

/** A folder that somebody installed there stays. */
async function linkTo(target: string, link: string): Promise<boolean> {
  const to = relative(dirname(link), target);
  const there = await lstat(link).catch(() => undefined); // Most often there is none yet.
  if (there !== undefined && !there.isSymbolicLink()) return false;
  if (there !== undefined && (await readlink(link)) === to) return false;
  await rm(link, { force: true });
  await mkdir(dirname(link), { recursive: true });
  await symlink(to, link);
  return true;
}
