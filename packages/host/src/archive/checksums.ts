/**
 * `CHECKSUM.sha256`, the list of what an archive holds, in the form of sha256sum: `DIGEST SP SP PATH LF`, sorted by path.
 * `sha256sum --check CHECKSUM.sha256` verifies it by hand (X003-8).
 */
import { createHash } from 'node:crypto';
import { HostError } from '../base/host-error.ts';

/** Name of the list, at the archive's root. */
export const CHECKSUMS_FILE = 'CHECKSUM.sha256';

type Files = ReadonlyMap<string, Uint8Array>;

/** Writes the list of all files but itself. */
export function writeChecksums(files: Files): Uint8Array {
  const paths = [...files.keys()].filter((path) => path !== CHECKSUMS_FILE).toSorted();
  const lines = paths.map((path) => `${sha256(files.get(path))}  ${path}\n`);
  return new Uint8Array(Buffer.from(lines.join('')));
}

/**
 * Compares files with the list among them. An archive that was made by other means than `bulkhead pack` may have none.
 *
 * @throws {HostError} `ARCHIVE_CHECKSUM`, naming the first file that is other, missing, or not listed.
 */
export function verifyChecksums(files: Files): void {
  const list = files.get(CHECKSUMS_FILE);
  if (list === undefined) return;
  const listed = parseList(Buffer.from(list).toString('utf8'));
  const fault =
    [...files.keys()].find((path) => path !== CHECKSUMS_FILE && listed.get(path) !== sha256(files.get(path))) ??
    [...listed.keys()].find((path) => !files.has(path));
  if (fault === undefined) return;
  const what = files.has(fault) ? (listed.has(fault) ? 'has another checksum' : 'is not listed') : 'is missing';
  throw new HostError('ARCHIVE_CHECKSUM', { message: `${JSON.stringify(fault)} ${what} (${CHECKSUMS_FILE})` });
}

function parseList(text: string): ReadonlyMap<string, string> {
  const listed = new Map<string, string>();
  for (const line of text.split('\n').filter(Boolean)) {
    const [, digest, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (digest === undefined || path === undefined || listed.has(path))
      throw new HostError('ARCHIVE_CHECKSUM', {
        message: `${CHECKSUMS_FILE} has the line ${JSON.stringify(line.slice(0, 100))}; expected "DIGEST  PATH", each path once`,
      });
    listed.set(path, digest);
  }
  return listed;
}

function sha256(bytes: Uint8Array | undefined): string {
  return createHash('sha256')
    .update(bytes ?? new Uint8Array())
    .digest('hex');
}
