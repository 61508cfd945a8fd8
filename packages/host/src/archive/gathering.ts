/**
 * The rules that every archive keeps, whatever its format: what is gathered from one, and when to stop. A reader of a
 * format asks `enter` before it reads an entry, `announce` before it unpacks one, and hands over the bytes last.
 *
 * Mode, owner and time of an entry are read by nobody (FAULTS 84): nothing is written, so nothing can carry them.
 */
import { LIMITS, type ErrorCode } from '@bulkhead/protocol';
import { foldedPath, foldersOf, pathFault } from '../base/archive-paths.ts';
import { HostError } from '../base/host-error.ts';

/** What an archive may hold; anything else is refused by its reader with {@link entryRefused}. */
export type EntryKind = 'file' | 'folder';

/** What is gathered from one archive. Each method throws the HostError that refuses the archive. */
export type Gathering = {
  /** Judges an entry by its name; returns its path, undefined for the archive's own root. */
  readonly enter: (name: Uint8Array, kind: EntryKind) => string | undefined;
  /** Counts what an entry says that it unpacks to, before anything of it is unpacked. */
  readonly announce: (sizeBytes: number) => void;
  readonly keep: (path: string, bytes: Uint8Array) => void;
  /** By path, in the archive's order. */
  readonly files: ReadonlyMap<string, Uint8Array>;
};

/** Starts gathering from an archive of so many bytes. */
export function createGathering(packedBytes: number): Gathering {
  const files = new Map<string, Uint8Array>();
  const taken: Taken = { spelling: new Map(), entered: new Set(), folders: new Set() };
  let entries = 0;
  let bytes = 0;
  return {
    files,
    enter: (name, kind) => {
      entries += 1;
      if (entries > LIMITS.archive_entries.value)
        throw refused('ARCHIVE_ENTRIES', `the archive has more than ${LIMITS.archive_entries.value} entries`);
      const path = readPath(name, kind);
      if (path !== undefined) take(taken, path, kind);
      return path;
    },
    announce: (sizeBytes) => {
      bytes += sizeBytes;
      checkSize(bytes, packedBytes);
    },
    keep: (path, content) => void files.set(path, content),
  };
}

/**
 * Refuses what unpacks to more than the bounds (FAULTS 81).
 *
 * @throws {HostError} `ARCHIVE_TOO_LARGE`.
 */
export function checkSize(bytes: number, packedBytes: number): void {
  const { archive_bytes: most, archive_ratio: ratio } = LIMITS;
  if (bytes > most.value) throw refused('ARCHIVE_TOO_LARGE', `the archive unpacks to more than ${most.value} bytes`);
  if (bytes <= HARMLESS_BYTES || bytes <= packedBytes * ratio.value) return;
  throw refused('ARCHIVE_TOO_LARGE', `the archive unpacks to more than ${ratio.value} times its ${packedBytes} bytes`);
}

/** A small archive of blanks is no bomb: tar pads every file and its own end. */
const HARMLESS_BYTES = 1024 * 1024;

/** Makes the refusal of an entry that is neither file nor folder (FAULTS 80). */
export function entryRefused(name: Uint8Array, what: string): HostError {
  return refused('ARCHIVE_ENTRY_TYPE', `${shown(new TextDecoder().decode(name))} is ${what}`);
}

/** Makes the refusal of an archive that cannot be read whole. */
export function unreadable(what: string, cause?: unknown): HostError {
  return refused('ARCHIVE_INVALID', `the archive cannot be read: ${what}`, cause);
}

function refused(code: ErrorCode, message: string, cause?: unknown): HostError {
  return new HostError(code, { message, ...(cause !== undefined && { cause }) });
}

const SHOWN_CHARACTERS = 80;

function shown(path: string): string {
  return JSON.stringify(path.length > SHOWN_CHARACTERS ? `${path.slice(0, SHOWN_CHARACTERS)}...` : path);
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readPath(name: Uint8Array, kind: EntryKind): string | undefined {
  const text = decoded(name);
  const relative = text.startsWith('./') ? text.slice(2) : text;
  const path = kind === 'folder' && relative.endsWith('/') ? relative.slice(0, -1) : relative;
  if (kind === 'folder' && (path === '' || path === '.')) return undefined;
  const depth = path.split('/').length - (kind === 'file' ? 1 : 0);
  if (depth > LIMITS.archive_depth.value)
    throw refused('ARCHIVE_ENTRIES', `${shown(path)} lies more than ${LIMITS.archive_depth.value} folders deep`);
  const fault = pathFault(path);
  if (fault !== undefined) throw refused('ARCHIVE_PATH', `${shown(path)} ${fault}`);
  return path;
}

function decoded(name: Uint8Array): string {
  try {
    return UTF8.decode(name);
  } catch (cause) {
    throw refused('ARCHIVE_PATH', `${shown(Buffer.from(name).toString('latin1'))} is not UTF-8`, cause);
  }
}

/** `spelling` is by folded path; `entered` are entries and `folders` what must be one, both by path. */
type Taken = {
  readonly spelling: Map<string, string>;
  readonly entered: Set<string>;
  readonly folders: Set<string>;
};

/** FAULTS 83: the first name that is taken already refuses; on some disk one of both would be lost. */
function take({ spelling, entered, folders }: Taken, path: string, kind: EntryKind): void {
  const above = foldersOf(path);
  for (const one of [...above, path]) {
    const folded = foldedPath(one);
    const before = spelling.get(folded) ?? one;
    if (before !== one) throw duplicate(one, `${shown(before)} is there already`);
    spelling.set(folded, one);
  }
  const file = above.find((folder) => entered.has(folder) && !folders.has(folder));
  if (file !== undefined) throw duplicate(path, `${shown(file)} is a file`);
  if (entered.has(path)) throw duplicate(path, 'is there twice');
  if (kind === 'file' && folders.has(path)) throw duplicate(path, 'is a folder, too');
  entered.add(path);
  for (const folder of kind === 'folder' ? [...above, path] : above) folders.add(folder);
}

function duplicate(path: string, why: string): HostError {
  return refused('ARCHIVE_DUPLICATE', `${shown(path)}: ${why}`);
}
