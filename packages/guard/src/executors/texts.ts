/**
 * Texts from outside as they may stand in a report or on a terminal: clipped, and without codes that a terminal would obey.
 */
import { stripVTControlCharacters } from 'node:util';
import { clipped } from '../task/json.ts';

/** How long a text may be: in bytes of UTF-8, or in characters (UTF-16). */
export type TextMax = { readonly bytes: number } | { readonly characters: number };

/** Of what a run prints, each of stdout and stderr. */
export const OUTPUT_BYTES_MAX: TextMax = { bytes: 65_536 };
/** Of why a run failed. */
export const ERROR_CHARACTERS_MAX: TextMax = { characters: 2_000 };

/** Escape codes are whole below this many characters for each that is kept; beyond it nothing is looked at. */
const LOOKED_AT = 4;
/** All controls but tab and line feed; without them no escape code is left, and none is made by taking another out. */
// oxlint-disable-next-line no-control-regex -- Controls are what it is about.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** The text without escape codes and control characters, cut where it is longer, well-formed. Cleaning it again changes nothing. */
export function cleanText(text: string, max: TextMax): string {
  const most = 'bytes' in max ? max.bytes : max.characters;
  const clean = stripVTControlCharacters(text.slice(0, most * LOOKED_AT)).replace(CONTROLS, '');
  return 'bytes' in max ? clippedBytes(clean.toWellFormed(), max.bytes) : clipped(clean, most).toWellFormed();
}

function clippedBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  let end = most;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1; // Back to the start of a character.
  return bytes.toString('utf8', 0, end);
}
