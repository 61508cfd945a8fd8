/**
 * The most memory that a process held since somebody last asked, as the kernel counted it: what lies between two samples of the watchdog
 * is in it. Read where something is measured, and never on the path of a call that serves.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const KIB = 1024;
/** Begins the count anew: proc(5), /proc/pid/clear_refs. */
const RESET_PEAK = '5';

/** Bytes that the process held resident at most since the count began; undefined where it is gone, or /proc does not say. */
export function readPeakRssBytes(pid: number): number | undefined {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * KIB;
  } catch {
    return undefined; // It is gone, or its exit is on the way.
  }
}

/** Begins the count anew, from what the process holds now; false where the kernel does not let us, and goes on with the old one. */
export function resetPeakRss(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
    return true;
  } catch {
    return false;
  }
}
