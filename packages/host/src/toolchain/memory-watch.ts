/**
 * Watches how much memory a process and its children hold together, on /proc; elsewhere it sees nothing, and the heap
 * flag is what bounds.
 */
import { readFile } from 'node:fs/promises';

/** A watch that runs until it is stopped. */
export type MemoryWatch = {
  readonly stop: () => void;
  /** The most that each of them has held in its life, together, in bytes: a look may miss it, the kernel does not. */
  readonly peakBytes: () => Promise<number>;
};

/** What is watched; the children of `pid` count with it. */
export type MemoryWatchOptions = {
  readonly pid: number;
  readonly bytesMax: number;
  /** Called once, with what was seen, when the bound is passed. */
  readonly onPassed: (bytes: number) => void;
};

/** 50 ms lets a process that allocates as fast as it can pass the bound by some 60 MiB (SANDBOX, FAULTS 28). */
const SAMPLE_MS = 50;

/** Starts watching. */
export function watchMemory(options: MemoryWatchOptions): MemoryWatch {
  let isSampling = false;
  const timer = setInterval(() => {
    if (isSampling) return;
    isSampling = true;
    void memoryOf(options.pid, 'VmRSS').then((bytes) => {
      isSampling = false;
      if (bytes <= options.bytesMax) return;
      clearInterval(timer);
      options.onPassed(bytes);
    });
  }, SAMPLE_MS);
  return { stop: () => clearInterval(timer), peakBytes: () => memoryOf(options.pid, 'VmHWM') };
}

/** Resident memory as proc(5) names it: now, or at its highest. */
type Figure = 'VmRSS' | 'VmHWM';

async function memoryOf(pid: number, figure: Figure): Promise<number> {
  const [own, children] = await Promise.all([residentBytes(pid, figure), childrenOf(pid)]);
  const others = await Promise.all(children.map((child) => memoryOf(child, figure)));
  return others.reduce((sum, bytes) => sum + bytes, own);
}

async function residentBytes(pid: number, figure: Figure): Promise<number> {
  const status = await readText(`/proc/${pid}/status`);
  return Number(new RegExp(`^${figure}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readText(`/proc/${pid}/task/${pid}/children`);
  return text.split(' ').filter(Boolean).map(Number);
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => ''); // Gone between two looks, or not there on this system.
}
