/**
 * Reads a file that somebody named, whole and within a bound: what is no plain file, such as a pipe that nobody writes into, is not
 * opened at all.
 */
import { readFile, stat } from 'node:fs/promises';

/** What became of it; `missing` where there is nothing of this name. */
export type BoundedRead =
  { readonly kind: 'read'; readonly bytes: Uint8Array } | { readonly kind: 'missing' | 'unreadable' | 'too_large' };

/** Reads at most so many bytes. */
export async function readBounded(file: string, bytesMax: number): Promise<BoundedRead> {
  try {
    const entry = await stat(file);
    if (!entry.isFile()) return { kind: 'unreadable' };
    if (entry.size > bytesMax) return { kind: 'too_large' };
    const bytes = await readFile(file);
    return bytes.length > bytesMax ? { kind: 'too_large' } : { kind: 'read', bytes };
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { kind: isMissing ? 'missing' : 'unreadable' };
  }
}
