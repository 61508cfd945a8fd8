/**
 * Characters that make a reader see other text than the machine does (FAULTS 76): bidirectional controls and characters
 * of no width, anywhere in a file. A joiner between the parts of an emoji, or inside a word of a script that is written
 * with joiners, is honest.
 */
import type { Hit, Rule } from '../rule.ts';

const HIDDEN = /[\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF]/g;
const JOINED_BEFORE =
  /^[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Malayalam}\p{Script=Sinhala}\p{M}]$/u;
const JOINED_AFTER =
  /^[\p{Extended_Pictographic}\u2640\u2642\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Malayalam}\p{Script=Sinhala}]/u;
/** More of them say no more. */
const HITS_MAX = 20;

/** Refuses text that reads otherwise than it runs; at most 20 hits a file. */
export const hiddenText: Rule = {
  id: 'BIDI_OR_ZERO_WIDTH',
  severity: 'error',
  about: 'holds bidirectional controls or characters of no width',
  binds: 'nothing: it runs as the machine reads it, within all the other bounds',
  looksAt: 'text',
  check: ({ text }) => {
    return hiddenOffsets(text)
      .slice(0, HITS_MAX)
      .map((at) => hitAt(at, text.charAt(at)));
  },
};

/** Lists where hidden characters stand in a text, honest ones left out. */
export function hiddenOffsets(text: string): readonly number[] {
  return [...text.matchAll(HIDDEN)].map(({ index }) => index).filter((index) => !isHonest(text, index));
}

function isHonest(text: string, at: number): boolean {
  const character = text[at];
  if (character === '\uFEFF') return at === 0; // The byte order mark.
  if (character !== '\u200C' && character !== '\u200D') return false;
  const before = Array.from(text.slice(Math.max(0, at - 2), at)).at(-1) ?? '';
  return JOINED_BEFORE.test(before) && JOINED_AFTER.test(text.slice(at + 1, at + 3));
}

function hitAt(start: number, character: string): Hit {
  const code = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return {
    start,
    message: `hidden character ${code}: the text reads otherwise than it runs`,
    hint: `Remove it, or write it as an escape such as \\u${code.slice(2)}.`,
  };
}
