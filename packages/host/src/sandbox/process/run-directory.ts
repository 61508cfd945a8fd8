/**
 * The folder of one running host: who it is, the files that guests of any user id must reach, and their temp folders.
 * It is named by the host's generation token, which every guest carries in its arguments too, so that what a killed
 * host leaves behind can be told from what another one still uses. Others may pass through it, never list or write.
 *
 *   <parent>/bulkhead-run-<token>/   0711
 *     owner.json                     0600  ProcessIdentity and token
 *     alive                          0600  socket that answers while the host lives
 *     node, guest.mjs, *.bpf         staged files, readable by all
 *     temp/                          0711  one folder per guest that was granted one, 0700, its own user's
 */
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync } from 'node:fs';
import { chmod, copyFile, link, lstat, lutimes, mkdir, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { openAliveSocket } from './alive-socket.ts';
import { ownIdentity } from './process-table.ts';
import { removeTree } from './remove-tree.ts';

/** Beginning of the name of every host's folder; the generation token follows. */
export const RUN_DIRECTORY_PREFIX = 'bulkhead-run-';

/** The folder of this host, and what may be done in it. */
export type RunDirectory = {
  readonly path: string;
  /** 32 hexadecimal digits, new for each host. */
  readonly token: string;
  /** Socket that answers while this host lives; for its lease of user ids. */
  readonly alivePath: string;
  /**
   * Returns a path at which every user can read the file: its own, or that of a link or copy in this folder.
   *
   * @param name - File name to use here; it must not have been staged before.
   */
  readonly stage: (source: string, name: string) => Promise<string>;
  /** Writes bytes to a file that every user can read, and returns its path. */
  readonly write: (name: string, bytes: Uint8Array) => Promise<string>;
  /** Makes an empty folder that only that user can enter; `undefined` stands for the host's own user. */
  readonly makeTempDir: (uid: number | undefined) => string;
  /** Removes a folder that `makeTempDir` made, with all that is in it. The guest must be dead. */
  readonly removeTempDir: (path: string) => Promise<void>;
  /** Removes everything. May be called again. */
  readonly close: () => Promise<void>;
};

/** Where the folder is made, and for whom it must be passable. */
export type RunDirectoryOptions = {
  /** Where it may be made, in order of preference; the first that other users can pass through is taken. */
  readonly parents?: readonly string[];
  /** False where guests run as the host's own user: then every file that the host can reach is in place. */
  readonly forOtherUsers: boolean;
};

/** Where run folders are made, and looked for by the reaper. */
export function runDirectoryParents(): readonly string[] {
  return [...new Set([tmpdir(), '/tmp', '/var/tmp'])];
}

/** Makes the folder of this host. */
export async function openRunDirectory(options: RunDirectoryOptions): Promise<RunDirectory> {
  const token = randomBytes(16).toString('hex');
  const parent = await chooseParent(options.parents ?? runDirectoryParents(), options.forOtherUsers);
  const path = join(parent, `${RUN_DIRECTORY_PREFIX}${token}`);
  const alivePath = join(path, 'alive');
  const identity = await ownIdentity(alivePath);
  await mkdir(path, { mode: 0o711 });
  await chmod(path, 0o711); // The umask may have taken bits.
  await writeFile(join(path, 'owner.json'), JSON.stringify({ ...identity, token }), { mode: 0o600, flag: 'wx' });
  await mkdir(join(path, 'temp'));
  await chmod(join(path, 'temp'), 0o711);
  const alive = await openAliveSocket(alivePath);
  await chmod(alivePath, 0o600);
  const freshener = setInterval(() => void freshen(path), FRESHEN_EVERY_MS).unref();
  const close = async (): Promise<void> => {
    clearInterval(freshener);
    await alive.close();
    await removeTree(path);
  };
  return {
    path,
    token,
    alivePath,
    stage: (source, name) => stage(source, join(path, name), options.forOtherUsers),
    write: (name, bytes) => writeForAll(join(path, name), bytes),
    makeTempDir: (uid) => makeTempDir(join(path, 'temp'), uid),
    removeTempDir: removeTree,
    close,
  };
}

/** Machines clear their temp folder of what was not touched for some days; the shortest that is common is one. */
const FRESHEN_EVERY_MS = 6 * 60 * 60 * 1_000;

/** The time of change stays: a staged file may be a link to the one in the checkout. */
async function freshen(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const touched = [directory, ...names.map((name) => join(directory, name))].map(async (path) => {
    await lutimes(path, new Date(), (await lstat(path)).mtime);
  });
  // One that is gone by now is nobody's loss.
  await Promise.allSettled(touched);
}

async function chooseParent(parents: readonly string[], forOtherUsers: boolean): Promise<string> {
  for (const parent of parents) {
    const path = await realpath(parent).catch(() => undefined);
    if (path === undefined) continue;
    if (!forOtherUsers || (await isPassable(path))) return path;
  }
  throw new Error(`no folder for running guests: none of ${parents.join(', ')} can be passed through by other users`);
}

/** In place where it can be reached; else a hard link, which costs nothing; else a copy, where the link cannot be. */
async function stage(source: string, target: string, forOtherUsers: boolean): Promise<string> {
  const path = await realpath(source);
  if (!forOtherUsers) return path;
  const isReadable = ((await stat(path)).mode & 0o004) !== 0;
  if (isReadable && (await isPassable(dirname(path)))) return path;
  const isLinked = isReadable && (await link(path, target).then(yes, no));
  if (!isLinked) await copyForAll(path, target);
  return target;
}

async function isPassable(directory: string): Promise<boolean> {
  for (let at = directory; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** The copy has its final name only when it is whole, so that a full disk leaves no half a program. */
async function copyForAll(source: string, target: string): Promise<void> {
  const { mode } = await lstat(source);
  try {
    await copyFile(source, target);
    await chmod(target, (mode & 0o111) === 0 ? 0o644 : 0o755);
  } catch (cause) {
    await rm(target, { force: true });
    throw new Error(
      `${basename(source)} is below a folder that other users cannot enter, and was not copied to ${target}`,
      { cause },
    );
  }
}

/** Over what an attempt that was cut short has left: the folder is this host's own. */
async function writeForAll(path: string, bytes: Uint8Array): Promise<string> {
  await writeFile(path, bytes);
  await chmod(path, 0o644);
  return path;
}

/** At once, as guests are started; two calls of the kernel. */
function makeTempDir(parent: string, uid: number | undefined): string {
  const path = join(parent, randomBytes(8).toString('hex'));
  mkdirSync(path, { mode: 0o700 });
  if (uid !== undefined) chownSync(path, uid, uid);
  return path;
}

const yes = (): boolean => true;
const no = (): boolean => false;
