/**
 * Text that others made, as PostgreSQL takes it: no NUL, no half of a surrogate pair, and no longer than its column. One
 * wrong character would otherwise cost every row that is written with it.
 */

/** Characters of a `varchar(255)`. */
const NAME_CHARACTERS_MAX = 255;

/** Returns the text with what cannot be stored replaced by U+FFFD; valid text stays as it is. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** The same for a name, cut to the length of its column. Counted in UTF-16 units, which are never fewer than characters. */
export function storableName(text: string): string {
  return storableText(text.slice(0, NAME_CHARACTERS_MAX));
}
