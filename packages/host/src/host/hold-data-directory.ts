/**
 * Holds a data directory for whoever works on it without a host, such as a migration: no server starts on it meanwhile.
 */
import { lockDataDirectory, type DataLock } from '../data/data-lock.ts';
import { isProvedDead, ownIdentity, parseIdentity } from '../sandbox/process/process-table.ts';

/**
 * Takes the lock of a data directory, which is made where it does not exist; disposing it gives the lock back.
 *
 * @throws {HostError} `DATA_LOCKED` with the holder's pid, host and time where a server holds it; `DATA_UNUSABLE`.
 * @internal
 */
export function holdDataDirectory(dir: string): Promise<DataLock> {
  return lockDataDirectory(dir, { own: ownIdentity, parse: parseIdentity, isProvedDead });
}
