/**
 * What a name in a plugin archive may be. Nothing of an archive lands on disk here, but what is accepted must be a plain
 * path everywhere: on a disk that folds case, on Windows, in a log line (FAULTS 79, 83, 87).
 */
import { LIMITS } from '@bulkhead/protocol';

/** Control characters, and those that change the order or hide in a line of text. */
const UNSEEN =
  // oxlint-disable-next-line no-control-regex -- refusing them is what it is for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/u;
/** Devices of Windows, whatever follows the first dot. */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** Says what is wrong with a name, as the rest of a sentence; undefined where it is a plain relative path. */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (UNSEEN.test(path)) return 'has a character that cannot be seen';
  if (path.includes('\\')) return 'has a backslash';
  if (path.startsWith('/') || path.includes(':')) return 'is absolute, or names a drive or a stream';
  if (path.length > LIMITS.archive_path_characters.value)
    return `has ${path.length} characters; at most ${LIMITS.archive_path_characters.value} are taken`;
  return path.split('/').map(partFault).find(Boolean);
}

function partFault(part: string): string | undefined {
  if (part === '') return 'has an empty part';
  if (part === '.' || part === '..') return 'has a part that is "." or ".."';
  if (part.endsWith('.') || part.endsWith(' ')) return 'has a part that ends with a dot or a space';
  return RESERVED.test(part) ? 'has a part that is a device on Windows' : undefined;
}

/** Folders of a path: `a/b/c` lies in `a/b`, which lies in `a`. */
export function foldersOf(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Two paths with the same answer are one file on a disk that folds case or composes characters. */
export function foldedPath(path: string): string {
  // Upper case first: "ß" and "ss", "ſ" and "s" meet there and nowhere else.
  return path.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
