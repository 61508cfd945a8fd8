/**
 * Fails a test run that leaves a process, a listening port or a file behind. A run is recognised by what its processes
 * inherit, so runs beside it on the same machine are not its business:
 *
 *   environment  BULKHEAD_TEST_RUN=<id> reaches every child that keeps its environment
 *   TMPDIR       a folder of the run's own, so that whatever stands in it at the end was left by the run
 *   arguments    a guest has a scrubbed environment; it is known by its marker, and is the run's when it started after
 *                the run and no live host outside the run is its ancestor
 *
 * It ends nothing: a leak is for its owner to mend.
 */
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Stands in the arguments of every process of a guest; the host's reaper knows them by the same. */
export const GUEST_MARKER = 'generation=';

/** Stands in the environment of every process of the run that inherits one. */
const RUN_VARIABLE = 'BULKHEAD_TEST_RUN';

/** Guests die within 1 s of their host; a loaded machine takes a little longer to notice. */
const SETTLE_MS = 5_000;
const POLL_MS = 50;

/** The run's own user cache: what commands keep there is kept, and goes with the run. */
const CACHE = 'user-cache';

/** Files that tools, not the suite, keep in a temporary folder. */
const FILES_OF_TOOLS: ReadonlySet<string> = new Set(['node-compile-cache', CACHE]);

/** Processes of the test runner itself, which end after this guard. */
const PROCESSES_OF_TOOLS: ReadonlySet<string> = new Set(['vitest-watchdog']);

/** What the guard must know of a run: its mark, its folder, and which guests were there before it. */
export type Run = {
  readonly id: string;
  readonly directory: string;
  readonly guestsBefore: ReadonlySet<string>;
};

/** A process as /proc shows it. `key` is its pid and start time, so a reused pid is another process. */
type Process = { readonly pid: number; readonly parent: number; readonly key: string; readonly command: string };

/** Opens a run with a mark and a temporary folder of its own; the caller gives its processes {@link runEnvironment}. */
export async function openRun(): Promise<Run> {
  const directory = await mkdtemp(join(tmpdir(), 'bulkhead-test-'));
  await chmod(directory, 0o1777); // As /tmp is: guests under other users have their folders below it.
  const guestsBefore = new Set((await listProcesses()).filter(isGuest).map(({ key }) => key));
  return { id: randomUUID(), directory, guestsBefore };
}

/** Returns the variables by which processes are the run's. */
export function runEnvironment(run: Run): Readonly<Record<string, string>> {
  return { [RUN_VARIABLE]: run.id, TMPDIR: run.directory, XDG_CACHE_HOME: join(run.directory, CACHE) };
}

/**
 * Waits until the run's processes have ended and its folder is empty, at most `settleMs`; then removes the folder.
 *
 * @throws {Error} Names each process, listening port and file that is still there.
 */
export async function assertNothingLeaks(run: Run, settleMs = SETTLE_MS): Promise<void> {
  const deadline = performance.now() + settleMs;
  let leaks = await findLeaks(run);
  while (leaks.length > 0 && performance.now() < deadline) {
    await sleep(POLL_MS);
    leaks = await findLeaks(run);
  }
  await rm(run.directory, { recursive: true, force: true });
  if (leaks.length > 0) throw new Error(`the test run left behind:\n${leaks.map((leak) => `  ${leak}`).join('\n')}`);
}

/** Lists, one line each, what of the run is still there: processes, listening ports, files. */
export async function findLeaks(run: Run): Promise<readonly string[]> {
  const ours = await processesOf(run);
  const ports = await listeningPorts([process.pid, ...ours.map(({ pid }) => pid)]);
  const files = (await readdir(run.directory)).filter((name) => !FILES_OF_TOOLS.has(name));
  return [
    ...ours.map(({ pid, command }) => `process ${pid}: ${command}`),
    ...ports.map((port) => `listening port ${port}`),
    ...files.map((name) => `file ${join(run.directory, name)}`),
  ];
}

async function processesOf(run: Run): Promise<readonly Process[]> {
  const processes = await listProcesses();
  const isMarked = await Promise.all(processes.map(({ pid }) => carriesMark(pid, run.id)));
  const marked = processes.filter(({ command }, index) => isMarked[index] === true && !PROCESSES_OF_TOOLS.has(command));
  const markedPids = new Set(marked.map(({ pid }) => pid));
  const guests = processes.filter((each) => {
    if (!isGuest(each) || markedPids.has(each.pid) || run.guestsBefore.has(each.key)) return false;
    const host = hostOf(each, processes);
    return host === undefined || markedPids.has(host.pid);
  });
  return [...marked, ...guests];
}

/** The live Node process, other than this one, that a guest descends from; undefined for one that has lost its host. */
function hostOf(guest: Process, processes: readonly Process[]): Process | undefined {
  let ancestor = processes.find(({ pid }) => pid === guest.parent);
  while (ancestor !== undefined && isGuest(ancestor)) {
    const { parent } = ancestor;
    ancestor = processes.find(({ pid }) => pid === parent);
  }
  return ancestor !== undefined && /\bnode\b/.test(ancestor.command) ? ancestor : undefined;
}

function isGuest({ command }: Process): boolean {
  return command.includes(GUEST_MARKER);
}

async function listProcesses(): Promise<readonly Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const read = await Promise.all(pids.map(readProcess));
  return read.filter((each) => each !== undefined).filter(({ pid }) => pid !== process.pid);
}

async function readProcess(pid: number): Promise<Process | undefined> {
  const stat = await readProc(pid, 'stat');
  const command = await readProc(pid, 'cmdline');
  if (stat === undefined || command === undefined) return undefined;
  // The name in brackets may hold spaces and brackets itself, so the fields count from its last bracket (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields;
  if (state === 'Z') return undefined; // Ended, and not yet asked after by its parent.
  return { pid, parent: Number(parent), key: `${pid}@${fields[19]}`, command: command.replaceAll('\0', ' ').trim() };
}

async function carriesMark(pid: number, id: string): Promise<boolean> {
  const environment = await readProc(pid, 'environ');
  return environment?.split('\0').includes(`${RUN_VARIABLE}=${id}`) ?? false;
}

async function listeningPorts(pids: readonly number[]): Promise<readonly number[]> {
  const sockets = new Set((await Promise.all(pids.map(socketInodes))).flat());
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readProc(process.pid, `net/${name}`)));
  const rows = tables.flatMap((table) => (table ?? '').split('\n').slice(1)).map((row) => row.trim().split(/\s+/));
  const isListening = (row: readonly string[]): boolean => row[3] === '0A' && sockets.has(row[9] ?? '');
  return rows.filter(isListening).map((row) => Number.parseInt(row[1]?.split(':')[1] ?? '', 16));
}

async function socketInodes(pid: number): Promise<readonly string[]> {
  const directory = `/proc/${pid}/fd`;
  const names = await readdir(directory).catch(() => []); // The process has just ended: it holds nothing.
  const targets = await Promise.all(names.map((name) => readlink(join(directory, name)).catch(() => '')));
  return targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
}

/** Text of a file below /proc/<pid>, or undefined where the process has ended or is not ours to read. */
function readProc(pid: number, name: string): Promise<string | undefined> {
  return readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => undefined);
}
