/**
 * Reads and places the processes of a bench by /proc and taskset. It looks only at the bench's own descendants, and a
 * guest is told from its launchers by being the last of its line.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** Returns the ids of all processes below one, nearest first. */
export function descendantsOf(pid: number): readonly number[] {
  const children = childrenOf(pid);
  return [...children, ...children.flatMap(descendantsOf)];
}

/** Returns the ids of the guests below a process, spares too: Node with the guest's file, not what launched it. */
export function guestsBelow(pid: number): readonly number[] {
  return descendantsOf(pid).filter((child) => {
    const isLast = childrenOf(child).length === 0;
    return isLast && GUEST_FILE.test(readOrEmpty(`/proc/${child}/cmdline`));
  });
}

const GUEST_FILE = /\/guest\.cjs\0/;

function childrenOf(pid: number): readonly number[] {
  const threads = threadsOf(pid);
  return threads.flatMap((thread) => numbersIn(readOrEmpty(`/proc/${pid}/task/${thread}/children`)));
}

/** Returns the ids of a process's threads. */
export function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return []; // It has ended.
  }
}

/** Binds threads, or processes by their main thread, to one core. */
export function bindToCore(ids: readonly number[], core: number): void {
  for (const id of ids) execFileSync('taskset', ['-cp', String(core), String(id)], { stdio: 'ignore' });
}

/** Binds processes with all their threads to one core. */
export function bindProcessesToCore(pids: readonly number[], core: number): void {
  bindToCore(pids.flatMap(threadsOf), core);
}

/** Private memory of a process in MB (2^20 bytes): Private_Clean and Private_Dirty of smaps_rollup. */
export function privateMb(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].map((match) => Number(match[1]));
  return kilobytes.reduce((sum, part) => sum + part, 0) / 1024;
}

/** Resident memory of this process in MB. */
export function rssMb(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}

function numbersIn(text: string): readonly number[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It has ended.
  }
}
