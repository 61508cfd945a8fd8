/**
 * What an edit may be at most, whatever its form, and how its text is shown in an error.
 */
import { EvolveError } from '../evolve-error.ts';

/**
 * Bytes of UTF-8 of one edit as it was written (F000-45; 200 KB are 204,800 bytes, decision 8).
 *
 * @public
 */
export const EDIT_BYTES_MAX = 204_800;

const SHOWN_CHARACTERS = 120;

/** Lets an edit through that is small enough. @throws {EvolveError} `EDIT_TOO_LARGE`. */
export function assertEditSize(text: string, what: string): void {
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes <= EDIT_BYTES_MAX) return;
  throw new EvolveError('EDIT_TOO_LARGE', `${what} has ${bytes} bytes; expected at most ${EDIT_BYTES_MAX}`);
}

/** A piece of an edit or a source in quotes, clipped. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text);
}
