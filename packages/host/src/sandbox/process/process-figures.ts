/**
 * What the kernel tells of one process beside time and memory, for whoever looks into a plugin. Read when somebody asks, and
 * never on the way of a call.
 */
import { readdir, readFile } from 'node:fs/promises';

/** Null where the kernel does not tell: the process is gone, or is another user's. */
export type ProcessFigures = { readonly threads: number | null; readonly openFiles: number | null };

/** Reads the figures of a process; never rejects. */
export async function readProcessFigures(pid: number | undefined): Promise<ProcessFigures> {
  if (pid === undefined) return { threads: null, openFiles: null };
  const [status, files] = await Promise.all([
    readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''),
    readdir(`/proc/${pid}/fd`).catch(() => undefined),
  ]);
  const threads = /^Threads:\s*(\d+)$/m.exec(status)?.[1];
  return { threads: threads === undefined ? null : Number(threads), openFiles: files?.length ?? null };
}
