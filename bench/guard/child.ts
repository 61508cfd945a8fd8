/**
 * Runs a script of this folder in a Node process of its own and reads the JSON that it prints: for what has to start from nothing, and
 * for memory, which a process shares with nobody only where it is alone.
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A young generation as small as a server's of little memory, so that garbage is not taken for use. */
const SMALL = ['--max-semi-space-size=4'];

/** Runs it; what it prints is the caller's to know. */
export async function runChild<Answer>(script: string, args: readonly string[] = []): Promise<Answer> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, ...SMALL, file, ...args]);
  return JSON.parse(stdout) as Answer; // Written by the script beside its caller.
}

/** Forgets the high-water mark of this process's resident memory; returns what it has now, in MB. */
export function resetPeakMb(): number {
  writeFileSync('/proc/self/clear_refs', '5');
  return statusMb('VmRSS');
}

/** The high-water mark since then, in MB. */
export function peakMb(): number {
  return statusMb('VmHWM');
}

function statusMb(field: string): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'mu').exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kilobytes?.[1]) / 1_024;
}
