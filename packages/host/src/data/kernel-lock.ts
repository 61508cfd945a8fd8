/**
 * An exclusive lock that the kernel keeps: an SQLite file, locked as a writer does it. It goes with its process, whatever
 * ends that, so there is nothing stale to judge, and two takers cannot both win. Nothing is ever written to the file.
 *
 * POSIX drops such a lock when its process closes any descriptor of the file: nothing of ours may open it, not to copy it
 * and not to hash it. A second lock of this process is refused by SQLite itself, which knows of the first. An entry of the
 * package by itself (`@bulkhead/host/lock`): whoever keeps files of their own needs nothing else of a host.
 */
import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/**
 * A lock that is ours.
 *
 * @internal
 */
export type KernelLock = {
  /** Gives it back; again, it does nothing. */
  readonly release: () => void;
};

/** Primary result code of SQLite; extended ones have it in their low byte. https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * Takes the lock of a file, which is made where it does not exist, for its owner alone: whoever may read it may lock it.
 *
 * @returns Undefined where another has it, in this process or in any other.
 * @throws {Error} SQLite's, where the file cannot be made, or stands where nothing can be locked.
 * @internal
 */
export function takeKernelLock(path: string): KernelLock | undefined {
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    chmodSync(path, 0o600);
    file.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive');
    return { release: () => void (file.isOpen && file.close()) };
  } catch (error) {
    file.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}
