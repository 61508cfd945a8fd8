/**
 * Foreign text as it may stand in front of a reader: bounded, well-formed, and with nothing in it that is not seen. What steers a
 * terminal or turns the direction of reading could make a report say what it does not.
 */

/** Characters where nobody says another bound. */
const TEXT_MAX = 2_000;

/**
 * Controls of ASCII and Latin-1, marks and overrides of direction, what joins or has no width, line and paragraph separators, tags and the byte order mark.
 */
const UNSEEN =
  /[\p{Cc}\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/**
 * A text on one line: cut where it is longer, saying of how many characters, with everything unseen in its place as a sign or its
 * number, such as `[U+202E]`; a line break reads `⏎`.
 *
 * @param most - Characters (UTF-16) that are kept.
 */
export function visibleLine(text: string, most: number = TEXT_MAX): string {
  const kept = text.length <= most ? text : text.slice(0, most);
  const seen = kept.toWellFormed().replace(UNSEEN, (unseen) => signOf(unseen.codePointAt(0) ?? 0));
  return text.length <= most ? seen : `${seen}… (cut; ${text.length.toLocaleString('en-US')} characters in all)`;
}

function signOf(code: number): string {
  if (code === 10) return '⏎';
  if (code === 9) return ' ';
  if (code < 32) return String.fromCodePoint(0x24_00 + code);
  return `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
}
