/**
 * The first step of an install from an archive: its bytes become a SourceTree, the same that the folder would be. The
 * workshop unpacks; what it hands back is judged here, so that one that was fooled adds no path and no byte beyond the
 * bounds. Nothing of the archive is written to disk, before or after.
 */
import { ERRORS, LIMITS, isJsonObject, type ErrorCode } from '@bulkhead/protocol';
import { pathFault } from '../base/archive-paths.ts';
import { HostError } from '../base/host-error.ts';
import { isLoadable, packagePlaces } from '../base/tree-paths.ts';
import type { Parcel } from '../base/parcel.ts';
import type { AskWorkshop } from '../base/workshop-port.ts';
import { TREE_FILE } from './freeze-tree.ts';
import type { PackageFiles, SourceTree, read } from './source-tree.ts';

/** An archive as it came: its bytes, and where from, which is for the operator's eyes only. */
export type Archive = { readonly bytes: Uint8Array; readonly place: string };

type Files = ReadonlyMap<string, Uint8Array>;

/**
 * Reads a plugin archive.
 *
 * @returns the tree of the author's loadable files; packages are those of the archive's own node_modules.
 * @throws {HostError} `ARCHIVE_*` where it is refused; `REVIEW_LIMIT` where the workshop was lost to it.
 */
export async function readArchive({ bytes, place }: Archive, ask: AskWorkshop): Promise<SourceTree> {
  const { value } = LIMITS.archive_packed_bytes;
  if (bytes.length > value) {
    const message = `the archive has ${bytes.length} bytes; at most ${value} are taken`;
    throw new HostError('ARCHIVE_TOO_LARGE', { message });
  }
  const answer = await ask({ verb: 'unpack', parcel: { head: {}, blobs: new Map([['archive', bytes]]) } });
  const files = judged(answer);
  const loadable = [...files].filter(([path]) => isLoadable(path));
  const authors = loadable.filter(([path]) => !SKIPPED_FOLDERS.some((folder) => path.split('/').includes(folder)));
  const tree: Omit<SourceTree, typeof read> = {
    folder: place,
    isPacked: true,
    files: new Map(authors.filter(([, content]) => !isOversized(content))),
    oversized: new Map(
      authors.filter(([, content]) => isOversized(content)).map(([path, { length }]) => [path, length]),
    ),
    packedTree: files.get(TREE_FILE),
    readPackage: createPackageFinder(new Map(loadable)),
  };
  return tree as SourceTree; // Of an archive, the only place that makes one.
}

/** As in a folder: dependencies are given on demand, the other is a test report. */
const SKIPPED_FOLDERS: readonly string[] = ['node_modules', 'coverage'];

function isOversized({ length }: Uint8Array): boolean {
  return length > LIMITS.source_file_bytes.value;
}

/** What the workshop says it refused becomes the error; what it unpacked keeps the bounds, or it was fooled. */
function judged({ head, blobs }: Parcel): Files {
  const { refused } = head;
  if (refused !== undefined) throw toRefusal(refused);
  const bytes = [...blobs.values()].reduce((sum, content) => sum + content.length, 0);
  const isWithin = blobs.size <= LIMITS.archive_entries.value && bytes <= LIMITS.archive_bytes.value;
  if (!isWithin || [...blobs.keys()].some((path) => pathFault(path) !== undefined)) throw malformed();
  return blobs;
}

function toRefusal(refused: unknown): HostError {
  const { code, message } = isJsonObject(refused) ? refused : {};
  if (!isArchiveCode(code) || typeof message !== 'string') return malformed();
  const said = message.slice(0, LIMITS.error_text_characters.value);
  const { hint } = ERRORS[code];
  const finding = { id: code, severity: 'error', path: '.', line: null, message: said, hint } as const;
  return new HostError(code, { message: said, findings: [finding] });
}

function isArchiveCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && code.startsWith('ARCHIVE_') && Object.hasOwn(ERRORS, code);
}

function malformed(): HostError {
  const message = 'the archive was unpacked in the wrong form';
  return new HostError('REVIEW_LIMIT', { message, hint: 'Report this plugin: its archive misleads the reader.' });
}

/** Finds packages as Node does, in the archive's own node_modules and nowhere else. */
function createPackageFinder(files: Files): SourceTree['readPackage'] {
  return async (name, from): Promise<PackageFiles | undefined> => {
    for (const root of packagePlaces(name, from)) {
      const own = [...files].filter(([path]) => isOwn(path, root));
      if (own.length > 0) return { name, root, link: undefined, files: new Map(own) };
    }
    return undefined;
  };
}

function isOwn(path: string, root: string): boolean {
  return (
    path.startsWith(`${root}/`) &&
    !path
      .slice(root.length + 1)
      .split('/')
      .includes('node_modules')
  );
}
