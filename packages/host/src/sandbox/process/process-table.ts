/**
 * The processes of this machine as /proc shows them, and the identity of one over time: a pid alone is reused, a pid
 * with its start time is not, and neither means anything after a reboot. Reads only, but for {@link killAndWait}.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { isAnswering } from './alive-socket.ts';

/**
 * Names one process for ever on this machine. Snake case: it is written to lock files.
 *
 * @internal
 */
export type ProcessIdentity = {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks after boot. */
  readonly start_time: number;
  readonly boot_id: string;
  /** The pid namespace in which `pid` counts, as the kernel names it. */
  readonly pid_namespace: string;
  /** Socket of that process, see alive-socket.ts; for those who cannot see its pid. */
  readonly alive_path?: string;
};

/**
 * Returns the identity of this process, with the path of its socket where it has one.
 *
 * @internal
 */
export async function ownIdentity(alivePath?: string): Promise<ProcessIdentity> {
  const start = await startTimeOf(process.pid);
  if (start === undefined) throw new Error('/proc shows no start time for this process; expected a Linux procfs');
  const identity = { pid: process.pid, start_time: start, ...(await machine()) };
  return alivePath === undefined ? identity : { ...identity, alive_path: alivePath };
}

/**
 * Tells whether the process is proved to be gone: another boot, no such pid, or the pid belongs to a younger process.
 * A process of another pid namespace, such as this container's before its restart, cannot be seen from here: then its
 * socket says it, and without one nothing is proved.
 *
 * @internal
 */
export async function isProvedDead(identity: ProcessIdentity): Promise<boolean> {
  const here = await machine();
  if (identity.boot_id !== here.boot_id) return true;
  if (identity.pid_namespace !== here.pid_namespace) {
    return identity.alive_path !== undefined && !(await isAnswering(identity.alive_path));
  }
  return (await startTimeOf(identity.pid)) !== identity.start_time;
}

/**
 * Reads an identity out of parsed JSON; undefined where it is none.
 *
 * @internal
 */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, start_time, boot_id, pid_namespace, alive_path } = value as Record<string, unknown>; // A parser: every field is checked below.
  if (!Number.isSafeInteger(pid) || !Number.isSafeInteger(start_time)) return undefined;
  if (typeof pid !== 'number' || typeof start_time !== 'number') return undefined;
  if (typeof boot_id !== 'string' || typeof pid_namespace !== 'string') return undefined;
  const identity = { pid, start_time, boot_id, pid_namespace };
  return typeof alive_path === 'string' ? { ...identity, alive_path } : identity;
}

/** Returns the pids for which the test says yes, this process never among them. */
export async function findProcesses(isWanted: (entry: ProcessEntry) => boolean): Promise<readonly number[]> {
  const names = await readdir('/proc');
  const entries = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(readEntry));
  return entries.flatMap((entry) =>
    entry !== undefined && entry.pid !== process.pid && isWanted(entry) ? [entry.pid] : [],
  );
}

/** A process that lives; zombies are not listed, they hold nothing but their number. */
export type ProcessEntry = {
  readonly pid: number;
  readonly argv: readonly string[];
  /** Real, effective, saved and file system user id. */
  readonly uids: readonly number[];
};

/**
 * Sends SIGKILL to every process for which the test says yes until none is left, at most `patienceMs`.
 *
 * @returns How many were killed, and the pids that still live, such as ones in an uninterruptible wait.
 */
export async function killAndWait(
  isWanted: (entry: ProcessEntry) => boolean,
  patienceMs: number,
): Promise<{ readonly killed: number; readonly left: readonly number[] }> {
  const killed = new Set<number>();
  const end = performance.now() + patienceMs;
  for (;;) {
    const pids = await findProcesses(isWanted);
    if (pids.length === 0 || performance.now() > end) return { killed: killed.size, left: pids };
    for (const pid of pids) if (sendKill(pid)) killed.add(pid);
    await pause(POLL_MS);
  }
}

const POLL_MS = 5;

function sendKill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // Gone since it was listed, or not ours to kill: the next listing says which.
    return false;
  }
}

async function machine(): Promise<Pick<ProcessIdentity, 'boot_id' | 'pid_namespace'>> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  return { boot_id: boot.trim(), pid_namespace: await readlink('/proc/self/ns/pid') };
}

/**
 * Undefined where the process is gone, or is a zombie that nobody has waited for: that one holds nothing, and in a
 * container whose first process reaps no orphans it stays for ever. The command name in field 2 may hold spaces and
 * brackets, so fields are counted from its closing one.
 */
async function startTimeOf(pid: number): Promise<number | undefined> {
  const stat = await readProc(pid, 'stat');
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const [state = '', startTime] = [fields[0], fields[19]];
  return startTime === undefined || 'ZX'.includes(state) ? undefined : Number(startTime);
}

async function readEntry(name: string): Promise<ProcessEntry | undefined> {
  const pid = Number(name);
  const [commandLine, status] = await Promise.all([readProc(pid, 'cmdline'), readProc(pid, 'status')]);
  if (commandLine === undefined || status === undefined || /^State:\s+[ZX]/m.test(status)) return undefined;
  const uids = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/).map(Number) ?? [];
  return { pid, argv: commandLine.split('\0'), uids };
}

/** A process may end between two reads; what cannot be read is a process that is not there. */
function readProc(pid: number, name: string): Promise<string | undefined> {
  return readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => undefined);
}
