/**
 * The processes of one guest as the operating system has them: how they are started, found, ended, and known to be gone.
 * Knows nothing of what a guest says.
 *
 *   spawned process (launch.pl, then Node; in the jail then bwrap) = leader of its session and process group
 *     `- in the jail: first process of the pid namespace, named on the status pipe
 *          `- Node
 *
 * H1: nothing is killed by number once the spawned process is known to be gone: its number may be another's by then.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { PreparedLaunch } from './launcher.ts';

/** How the spawned process ended. */
export type ProcessEnd = { readonly exitCode: number | null; readonly signal: string | null };

/** A guest that was started. */
export type GuestHandle = {
  readonly pid: number;
  readonly channel: Socket;
  /** Nothing is written to it but by a driver whose guests are spoken to there. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** What is passed on beyond the channel, by its number in the guest; undefined where the launch has no pipe there. */
  readonly passed: (fd: number) => Socket | undefined;
  /** Of a guest that is debugged: lines of the DevTools protocol. */
  readonly inspector: Socket | undefined;
  /** The Node process itself, for the watchdog; undefined while it is not known, and once it is gone. */
  readonly nodePid: () => number | undefined;
  /** Ends every process of the guest at once. */
  readonly kill: () => void;
  /** Called when the spawned process has ended; its last words may still be in the pipes. */
  readonly onExit: (didExit: () => void) => void;
  /** Called once, when the last words are read too. */
  readonly onEnd: (didEnd: (end: ProcessEnd) => void) => void;
};

/** A guest, or why there is none: the text comes a tick later, as the kernel's refusal does. */
export type SpawnedGuest =
  { readonly ok: true; readonly handle: GuestHandle } | { readonly ok: false; readonly reason: Promise<string> };

/** Starts a guest. Never throws and never emits: a kernel without room is an answer (FAULTS 114). */
export function spawnGuest(launch: PreparedLaunch): SpawnedGuest {
  let child: ChildProcess;
  try {
    const { file, args, env, cwd, stdio } = launch;
    child = spawn(file, [...args], { env, cwd, stdio: [...stdio], detached: true });
  } catch (error) {
    return { ok: false, reason: Promise.resolve(String(error)) };
  } finally {
    launch.didSpawn();
  }
  // First of all: an 'error' that nobody hears would end the host. Without descriptors there are not even streams.
  const failure = new Promise<string>((resolve) => child.on('error', (error) => resolve(String(error))));
  const { pid, stdio, stdin, stdout, stderr } = child;
  if (pid === undefined || stdin === null || stdout === null || stderr === null) return { ok: false, reason: failure };
  stdin.on('error', () => undefined); // The end of the process says the rest.
  const channel = stdio[3] as Socket; // Spawned with 'pipe' there, which is a duplex socket.
  // Beyond the five that Node's types know; a pipe where the launch has one.
  const passed = (at: number | undefined): Socket | undefined =>
    at === undefined ? undefined : ((stdio as readonly unknown[])[at] as Socket); // Spawned with 'pipe' there.
  const [status, inspector] = [passed(launch.statusFd), passed(launch.inspectorFd)];
  inspector?.on('error', () => undefined); // Its end is told by 'close'.
  return { ok: true, handle: createHandle({ child, pid, channel, stdin, stdout, stderr, status, inspector, passed }) };
}

type Parts = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly channel: Socket;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly passed: GuestHandle['passed'];
  readonly status: Socket | undefined;
  readonly inspector: Socket | undefined;
};

/** What is read of the pipes after the process's end: 'close' never comes while a child of the guest holds one. */
const LAST_WORDS_MS_MAX = 100;

function createHandle({ child, pid, status, ...parts }: Parts): GuestHandle {
  const firstInNamespace = status === undefined ? undefined : readStatus(status);
  let isGone = false;
  let nodePid = status === undefined ? pid : undefined;

  const kill = (): void => {
    if (isGone) return;
    const first = firstInNamespace?.();
    // The kernel ends a pid namespace with its first process, whatever groups and sessions were made in it.
    if (first !== undefined) sendKill(first);
    sendKill(-pid);
  };

  return {
    pid,
    ...parts,
    nodePid: () => {
      if (isGone) return undefined;
      const first = firstInNamespace?.();
      nodePid ??= first === undefined ? undefined : onlyChildOf(first);
      return nodePid;
    },
    kill,
    onExit: (didExit) =>
      void child.once('exit', () => {
        // What the process left in its group ends with it. Here the number cannot be another's yet: Node has asked for
        // the process's end just before this line, and numbers are given out in a circle.
        sendKill(-pid);
        isGone = true;
        didExit();
      }),
    onEnd: (didEnd) => watchForEnd(child, didEnd),
  };
}

function watchForEnd(child: ChildProcess, didEnd: (end: ProcessEnd) => void): void {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const end = (exitCode: number | null, signal: string | null): void => {
    clearTimeout(timer);
    if (isOver) return;
    isOver = true;
    didEnd({ exitCode, signal });
  };
  child.once('close', end);
  child.once('exit', (exitCode, signal) => {
    // On a host that was held up, the timer is due before the pipes are read; after one more turn they are.
    timer = setTimeout(() => setImmediate(end, exitCode, signal), LAST_WORDS_MS_MAX);
  });
}

const STATUS_CHARACTERS_MAX = 4_096;

/** Reads bubblewrap's first line, `{ "child-pid": N, ... }`; the guest does not have this pipe. */
function readStatus(status: Socket): () => number | undefined {
  let text = '';
  let pid: number | undefined;
  status.on('error', () => undefined); // The end of the process says it.
  status.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < STATUS_CHARACTERS_MAX) text += chunk;
    const isOver = text.includes('"exit-code"');
    pid = isOver ? undefined : numberIn(/"child-pid"\s*:\s*(\d+)\b[^}]*\}/.exec(text)?.[1]);
  });
  status.once('close', () => (pid = undefined));
  return () => pid;
}

function onlyChildOf(pid: number): number | undefined {
  try {
    return numberIn(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
  } catch {
    return undefined; // Gone, or a kernel without this list: then nothing is sampled, and the kernel's limits remain.
  }
}

function numberIn(text: string | undefined): number | undefined {
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 1 ? number : undefined;
}

function sendKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it is gone already, and its exit is on the way.
  }
}
