/**
 * Makes a folder that somebody named, with those above it, or says why there is none.
 */
import { makeFolder } from '@bulkhead/guard';
import { UsageError } from '../usage-error.ts';

/** Makes it where it is not there. @throws {UsageError} where it cannot be made, or a file has its name. */
export async function makeNamedFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
    const why = `${path} cannot be made a folder (${String(cause.code)})`;
    throw new UsageError(why, 'Name a folder in one that you may write to.');
  }
}
