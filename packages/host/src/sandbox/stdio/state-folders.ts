/**
 * The writable folder that an MCP server has for one tenant. It outlives the server and the host; a trial, and a server for one
 * call, have a folder that goes with them.
 *
 *   <data directory>/state/<plugin>/<tenant>/   or below the run folder, where the host has no data directory
 *
 * SF1: one process at a time has a folder: a second waits until the first is gone.
 * SF2: a folder belongs to the user of the process that has it; links in it are never followed.
 */
import { LIMITS, type CallError } from '@bulkhead/protocol';
import { chmod, lchown, mkdir, opendir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../../base/host-error.ts';
import type { RunDirectory } from '../process/run-directory.ts';
import { measureFolder, type TempUsage } from '../process/measure-temp.ts';
import { judgeFolder, type FolderBounds } from '../temp-watch.ts';

/** Whose folder it is; undefined where it goes with its process. */
export type StateOwner = { readonly plugin: string; readonly tenant: string };

/** A folder that one process has. */
export type StateFolder = {
  /** Where its user reaches it. */
  readonly dir: string;
  /** What has to be shown there, in a mount namespace of the process's own. */
  readonly mountedFrom: string | undefined;
  readonly measure: (pid: number | undefined) => Promise<TempUsage | undefined>;
  /** Gives it back. Call it when every process is dead. */
  readonly release: () => Promise<void>;
};

/** A folder, or why there is none. */
export type TakenFolder =
  { readonly ok: true; readonly folder: StateFolder } | { readonly ok: false; readonly error: CallError };

/** The folders of one host. */
export type StateFolders = {
  /** Takes a folder for a user, `undefined` for the host's own; waits while another process has it. */
  readonly take: (owner: StateOwner | undefined, uid: number | undefined) => Promise<TakenFolder>;
  /** Removes what a plugin has kept, of one tenant or of all. Its servers must be gone. */
  readonly forget: (plugin: string, tenant?: string) => Promise<void>;
  /** Removes what is kept of tenants that are gone, as far as their servers are. */
  readonly forgetTenants: (isGone: (tenant: string) => boolean) => Promise<void>;
};

/** `root` is undefined where the host has no data directory. */
export type StateFoldersOptions = {
  readonly root: string | undefined;
  readonly runDirectory: Pick<RunDirectory, 'path' | 'makeTempDir' | 'removeTempDir'>;
};

/** What such a folder may hold. */
export const STATE_BOUNDS: FolderBounds = {
  code: 'STATE_LIMIT',
  folder: 'state folder',
  name: 'state',
  bytes: LIMITS.state_bytes.value,
  files: LIMITS.state_files.value,
};

const PASSABLE = 0o711;
const OWNER_ONLY = 0o700;

/** Makes it; no folder is there yet. */
export function createStateFolders(options: StateFoldersOptions): StateFolders {
  const { runDirectory } = options;
  const root = options.root ?? join(runDirectory.path, 'state');
  const inUse = new Map<string, Promise<void>>();

  async function takeKept({ plugin, tenant }: StateOwner, uid: number | undefined): Promise<TakenFolder> {
    const kept = join(root, plugin, tenant);
    const free = await waitFor(kept);
    try {
      for (const folder of [root, join(root, plugin)]) await makeFolder(folder, PASSABLE);
      await makeFolder(kept, OWNER_ONLY);
      const wrong = judgeFolder(await measureFolder(kept, undefined, STATE_BOUNDS), STATE_BOUNDS);
      if (wrong !== undefined) {
        free();
        return { ok: false, error: wrong };
      }
      if (uid !== undefined) await giveTo(kept, uid);
      const isReached = uid === undefined || options.root === undefined;
      const dir = isReached ? kept : runDirectory.makeTempDir(uid);
      const release = async (): Promise<void> => {
        // Its own view of the folder has gone with the process; here the place is empty.
        if (!isReached) await runDirectory.removeTempDir(dir);
        free();
      };
      return { ok: true, folder: folderOf(kept, { dir, mountedFrom: isReached ? undefined : kept, release }) };
    } catch (error) {
      free();
      throw error;
    }
  }

  /** Resolves when nobody else has the folder, with what frees it again (SF1). */
  async function waitFor(kept: string): Promise<() => void> {
    const before = inUse.get(kept);
    const mine = Promise.withResolvers<void>();
    inUse.set(kept, mine.promise);
    await before;
    return () => {
      if (inUse.get(kept) === mine.promise) inUse.delete(kept);
      mine.resolve();
    };
  }

  async function forget(plugin: string, tenant?: string): Promise<void> {
    const place = tenant === undefined ? join(root, plugin) : join(root, plugin, tenant);
    await Promise.all([...inUse].flatMap(([kept, free]) => (`${kept}/`.startsWith(`${place}/`) ? [free] : [])));
    await rm(place, { recursive: true, force: true });
  }

  return {
    take: async (owner, uid) => {
      if (owner !== undefined) return takeKept(owner, uid);
      const dir = runDirectory.makeTempDir(uid);
      const release = (): Promise<void> => runDirectory.removeTempDir(dir);
      return { ok: true, folder: folderOf(dir, { dir, mountedFrom: undefined, release }) };
    },
    forget,
    forgetTenants: async (isGone) => {
      const gone = (await keptBelow(root)).filter(({ tenant }) => isGone(tenant));
      await Promise.all(gone.map(({ plugin, tenant }) => forget(plugin, tenant)));
    },
  };
}

function folderOf(kept: string, folder: Omit<StateFolder, 'measure'>): StateFolder {
  return { ...folder, measure: (pid) => measureFolder(kept, pid, STATE_BOUNDS) };
}

async function keptBelow(root: string): Promise<readonly StateOwner[]> {
  const ofPlugin = async (plugin: string): Promise<readonly StateOwner[]> =>
    (await foldersIn(join(root, plugin))).map((tenant) => ({ plugin, tenant }));
  return (await Promise.all((await foldersIn(root)).map(ofPlugin))).flat();
}

/** None where it is not there yet. */
async function foldersIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function makeFolder(path: string, mode: number): Promise<void> {
  await mkdir(path, { recursive: true, mode });
  await chmod(path, mode); // The umask may have taken bits; a server may have given some.
}

/** The process that wrote it is gone, so that nothing moves meanwhile; names need not be text (SF2). */
async function giveTo(folder: string, uid: number): Promise<void> {
  const pending = [Buffer.from(folder)];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    await lchown(at, uid, uid);
    for await (const entry of await opendir(at, { encoding: 'latin1' })) {
      const path = Buffer.concat([at, Buffer.from(`/${entry.name}`, 'latin1')]);
      if (entry.isDirectory()) pending.push(path);
      else await lchown(path, uid, uid);
    }
  }
}
