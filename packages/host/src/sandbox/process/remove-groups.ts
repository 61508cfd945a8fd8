/**
 * Removes control groups with all that is still in them: processes are killed first, because a group that has one
 * cannot be removed. Touches nothing but folders of the kernel's own cgroup file systems.
 */
import { readdir, readFile, rmdir, statfs } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemCodeOf } from '../../base/host-error.ts';

/** How many processes were killed, and the groups that are still there. */
export type RemovedGroups = { readonly killed: number; readonly left: readonly string[] };

const PATIENCE_MS = 1_000;
const POLL_MS = 5;

/** Removes a host's group with the groups of its guests. Never rejects; where it is gone already, nothing happens. */
export async function removeHostGroup(path: string): Promise<RemovedGroups> {
  if (!(await isGroup(path))) return { killed: 0, left: [] };
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const guests = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
  return removeGroups([...guests, path]);
}

/** Removes groups that have none below them, in that order. Never rejects. */
export async function removeGroups(paths: readonly string[]): Promise<RemovedGroups> {
  const end = performance.now() + PATIENCE_MS;
  const killed = new Set<number>();
  const left: string[] = [];
  for (const path of paths) {
    while (!(await isRemoved(path))) {
      if (performance.now() > end) {
        left.push(path);
        break;
      }
      for (const pid of await membersOf(path)) if (sendKill(pid)) killed.add(pid);
      await pause(POLL_MS);
    }
  }
  return { killed: killed.size, left };
}

/** Magic numbers of cgroup and cgroup2, see statfs(2). */
const GROUP_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x27_e0_eb, 0x63_67_72_70]);

async function isGroup(path: string): Promise<boolean> {
  if (!isAbsolute(path)) return false;
  return statfs(path).then(
    ({ type }) => GROUP_FILE_SYSTEMS.has(type),
    () => false,
  );
}

async function isRemoved(path: string): Promise<boolean> {
  return rmdir(path).then(
    () => true,
    (error: unknown) => systemCodeOf(error) === 'ENOENT',
  );
}

/** Processes of namespaces that cannot be seen from here are listed as 0, which to kill() means our own group. */
async function membersOf(path: string): Promise<readonly number[]> {
  const text = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid);
}

function sendKill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false; // Gone since it was listed, or not ours to kill: the next try says which.
  }
}
