/**
 * Counts what an install reads, author files and dependencies together, and stops it at the bounds of LIMITS.
 */
import { LIMITS } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';

/** Each method throws `SOURCE_TOO_LARGE` where its bound is passed; `path` is named in the message. */
export type Budget = {
  readonly enter: (folder: string) => void;
  /** Any entry of a folder, read or not: it bounds the walk. */
  readonly countEntry: (path: string) => void;
  readonly countFile: (path: string, sizeBytes: number) => void;
  /** How large the next file may be, in bytes. */
  readonly bytesLeft: () => number;
};

/** Makes the count of one install, from nothing. */
export function createBudget(): Budget {
  let entries = 0;
  let bytes = 0;
  return {
    enter: (folder) => check(depthOf(folder), 'source_depth', folder),
    countEntry: (path) => check((entries += 1), 'source_files', path),
    countFile: (path, sizeBytes) => check((bytes += sizeBytes), 'source_bytes', path),
    bytesLeft: () => LIMITS.source_bytes.value - bytes,
  };
}

function depthOf(folder: string): number {
  return folder === '' ? 0 : folder.split('/').length;
}

function check(observed: number, name: 'source_depth' | 'source_files' | 'source_bytes', path: string): void {
  const { value, unit } = LIMITS[name];
  if (observed <= value) return;
  throw new HostError('SOURCE_TOO_LARGE', {
    message: `the plugin folder passes ${name}: more than ${value} ${unit} at "${path}"`,
    details: { limit: name, allowed: value, observed },
  });
}
