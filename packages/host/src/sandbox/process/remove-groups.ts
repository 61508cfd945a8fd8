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
  for (const path of paths) if (!(await emptyAndRemove(path, end, killed))) left.push(path);
  return { killed: killed.size, left };
}

/** Kills and tries again until `end`; what it killed it adds to the set. */
async function emptyAndRemove(path: string, end: number, killed: Set<number>): Promise<boolean> {
  for (;;) {
    const refusal = await remove(path);
    if (refusal === undefined || refusal === 'ENOENT') return true;
    if (refusal !== 'EBUSY' || performance.now() > end) return false;
    for (const pid of await membersOf(path)) if (sendKill(pid)) killed.add(pid);
    await pause(POLL_MS);
  }
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

/** Returns the kernel's answer where the group is still there: EBUSY while a process is in it. */
async function remove(path: string): Promise<string | undefined> {
  return rmdir(path).then(
    () => undefined,
    (error: unknown) => systemCodeOf(error) ?? String(error),
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
