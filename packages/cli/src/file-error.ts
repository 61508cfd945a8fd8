/**
 * Errors of the file system, for whoever can mend them: a full disk or a path that may not be written is no bug of ours.
 */

/** What is told of one; `isUsage` where another path would do. */
export type FileError = { readonly message: string; readonly hint: string; readonly isUsage: boolean };

const OTHER_PATH = 'Name another path, or change what is there.';
const MORE_SPACE = 'Make room, and do it again.';
const MORE_FILES = 'Raise the limit of open files (ulimit -n), or start fewer at once.';

/** Codes that say something of the machine or of a path. ENOENT is left out: a file of ours that is gone is a bug. */
const CURES: Readonly<Record<string, { readonly what: string; readonly hint: string; readonly isUsage: boolean }>> = {
  EACCES: { what: 'this user may not', hint: OTHER_PATH, isUsage: true },
  EPERM: { what: 'this user may not', hint: OTHER_PATH, isUsage: true },
  EROFS: { what: 'its file system is read-only', hint: OTHER_PATH, isUsage: true },
  ENOTDIR: { what: 'a part of the path is no folder', hint: OTHER_PATH, isUsage: true },
  EISDIR: { what: 'it is a folder', hint: OTHER_PATH, isUsage: true },
  EEXIST: { what: 'something of that name is there', hint: OTHER_PATH, isUsage: true },
  ENAMETOOLONG: { what: 'the name is too long', hint: OTHER_PATH, isUsage: true },
  ELOOP: { what: 'its links go in a circle', hint: OTHER_PATH, isUsage: true },
  ENOSPC: { what: 'there is no space left', hint: MORE_SPACE, isUsage: false },
  EDQUOT: { what: 'the quota of this user is used up', hint: MORE_SPACE, isUsage: false },
  EMFILE: { what: 'this process has too many files open', hint: MORE_FILES, isUsage: false },
  ENFILE: { what: 'the machine has too many files open', hint: MORE_FILES, isUsage: false },
};

/** What is told of an error of the file system; undefined for any other, and for what may be a bug. */
export function fileErrorOf(error: unknown): FileError | undefined {
  const code = errnoOf(error);
  const cure = code === undefined ? undefined : CURES[code];
  if (cure === undefined || !(error instanceof Error)) return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  const doing = 'syscall' in error ? String(error.syscall) : 'it';
  const { what, hint, isUsage } = cure;
  return { message: `${path ?? 'a file'}: ${what} (${doing}, ${String(code)})`, hint, isUsage };
}

/** The code of an error of the operating system; undefined for any other. */
function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
