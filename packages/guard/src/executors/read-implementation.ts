/**
 * What an implementation is: `filePath` is the path of a file, or the content itself (F002-7, F002-17).
 */
import { readFile, stat } from 'node:fs/promises';

/** Bytes of an implementation: as much as a file of a plugin may have. */
export const IMPLEMENTATION_BYTES_MAX = 1_048_576;

/** Longer is no path on any system of ours. */
const PATH_CHARACTERS_MAX = 4_096;

/**
 * A content: read from a file at `path`; or a text, which may have been meant as a path where `isDoubtful`: it is written like one, or
 * names a file of more than 1 MiB.
 */
export type Implementation =
  | { readonly content: string; readonly path: string; readonly isDoubtful: false }
  | { readonly content: string; readonly path: undefined; readonly isDoubtful: boolean };

/**
 * Reads the file that a text names, or takes the text. A text with a line break or a NUL, an empty one, or one of more than 4,096
 * characters is never a path; nor is the name of nothing, of a folder, or of a file of more than 1 MiB: then the text is the content. A
 * content of one line that happens to be the name of a file is taken for that file: end it with a line break.
 *
 * @throws What reading a file throws that is there: without the right to, for one.
 */
export async function readImplementation(filePath: string): Promise<Implementation> {
  const bytes = await fileBytes(filePath);
  if (bytes !== undefined && bytes <= IMPLEMENTATION_BYTES_MAX)
    return { content: await readFile(filePath, 'utf8'), path: filePath, isDoubtful: false };
  return { content: filePath, path: undefined, isDoubtful: bytes !== undefined || isLikePath(filePath) };
}

/** Undefined where the text names no file. */
async function fileBytes(text: string): Promise<number | undefined> {
  if (text === '' || text.length > PATH_CHARACTERS_MAX || /[\n\r\0]/.test(text)) return undefined;
  try {
    const found = await stat(text);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined; // Nothing is there, or no path leads to it: the text is the content.
  }
}

/** One line that begins as a path does, or one word with an ending. */
function isLikePath(text: string): boolean {
  return /^(?:\/|\.{1,2}\/|~\/|[a-z]:\\)[^\n\r]*$/i.test(text) || /^\S+\.[a-z]\w{0,4}$/i.test(text);
}
