/**
 * Gives each guest that is to have one a temp folder of its own, and takes it away when the guest is dead.
 *
 *   jail                    a file system in memory of bounded size, in the guest's mount namespace: gone with it
 *   jail (older bwrap), confined, uid, process
 *                           a folder below the run directory, 0700, the guest's own user's; removed, then its user id is free
 */
import { readFileSync } from 'node:fs';
import type { Log } from '../../base/log.ts';
import { TEMP_MOST } from '../temp-watch.ts';
import { JAILED_TEMP_DIR } from './command.ts';
import type { GuestLauncher, GuestTemp, LauncherShape, PreparedLaunch } from './launcher.ts';
import { measureFolder, measureMemoryFolder } from './measure-temp.ts';
import type { RunDirectory } from './run-directory.ts';
import type { Toolset } from './toolset.ts';
import { leaseUid, type UidLease } from './uid-lease.ts';

/** What folders are made with. */
export type TempDirsOptions = {
  readonly launcher: GuestLauncher;
  readonly toolset: Pick<Toolset, 'bwrapOptions' | 'isRoot'>;
  readonly runDirectory: Pick<RunDirectory, 'makeTempDir' | 'removeTempDir'>;
  readonly uids: UidLease | undefined;
  readonly log: Log;
};

/** Prepares a guest with a temp folder; throws as the launcher does, and leaves nothing then. */
export function prepareWithTemp(options: TempDirsOptions, shape: LauncherShape): PreparedLaunch {
  return isInMemory(options) ? prepareInMemory(options, shape) : prepareOnDisk(options, shape);
}

function isInMemory({ launcher, toolset }: TempDirsOptions): boolean {
  const isBounded = toolset.bwrapOptions.has('--size') && toolset.bwrapOptions.has('--perms');
  return launcher.tier === 'jail' && isBounded && (!toolset.isRoot || maySeeInside());
}

const CAP_SYS_PTRACE = 19n;

/** A root without this capability may not look into the mounts of another user's guest, and could not count files there. */
function maySeeInside(): boolean {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return ((BigInt(`0x${effective}`) >> CAP_SYS_PTRACE) & 1n) === 1n;
}

function prepareInMemory({ launcher }: TempDirsOptions, shape: LauncherShape): PreparedLaunch {
  const launch = launcher.prepare({ ...shape, tempDir: JAILED_TEMP_DIR });
  const measure: GuestTemp['measure'] = (pid) => measureMemoryFolder(JAILED_TEMP_DIR, pid);
  return { ...launch, temp: { path: JAILED_TEMP_DIR, measure, remove: async () => undefined } };
}

function prepareOnDisk(options: TempDirsOptions, shape: LauncherShape): PreparedLaunch {
  const { launcher, uids, runDirectory } = options;
  const uid = launcher.tier === 'process' ? undefined : leaseUid(uids);
  let path: string | undefined;
  try {
    path = runDirectory.makeTempDir(uid);
    const launch = launcher.prepare({ ...shape, tempDir: path, ...(uid !== undefined && { uid }) });
    const folder = { path, uid };
    const measure: GuestTemp['measure'] = (pid) => measureFolder(folder.path, pid, TEMP_MOST);
    return { ...launch, temp: { path, measure, remove: () => takeAway(options, folder) } };
  } catch (error) {
    void takeAway(options, { path, uid });
    throw error;
  }
}

type Folder = { readonly path: string | undefined; readonly uid: number | undefined };

/** The next guest of that user could enter the folder, so its id is free only when the folder is gone. */
async function takeAway({ runDirectory, uids, log }: TempDirsOptions, { path, uid }: Folder): Promise<void> {
  try {
    if (path !== undefined) await runDirectory.removeTempDir(path);
    if (uid !== undefined) uids?.release(uid);
  } catch (err) {
    log.error({ err, path }, 'a temp folder could not be removed; its user id stays in use');
  }
}
