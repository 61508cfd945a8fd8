/**
 * The name by which the ledger knows this host, so that its next start finds what it left. Kept in the data directory;
 * without one a host is a new node each time.
 */
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toDataFault } from './data-directory.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Reads the id of the node whose data directory this is, or makes one. The caller holds the directory.
 *
 * @throws {HostError} `DATA_UNUSABLE`.
 */
export async function openNodeId(dataDir: string | undefined): Promise<string> {
  const made = randomUUID();
  if (dataDir === undefined) return made;
  const path = join(dataDir, 'node');
  const kept = await readFile(path, 'utf8').catch(() => ''); // Not there yet, or no longer readable: it is written anew.
  if (UUID.test(kept.trim())) return kept.trim();
  try {
    await writeFile(path, `${made}\n`, { mode: 0o600 });
  } catch (error) {
    throw toDataFault(dataDir, error);
  }
  return made;
}
