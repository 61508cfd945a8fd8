/**
 * Pure functions on text. Characters are graphemes: what a reader takes for one character, however it is encoded.
 * Every function takes time linear in the text's length.
 */

/** Counts of a text; an empty text has no lines. */
export type TextCounts = {
  readonly words: number;
  readonly characters: number;
  readonly sentences: number;
  readonly lines: number;
};

const words = new Intl.Segmenter('en', { granularity: 'word' });
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });

/** Counts what a reader would count; punctuation is no word. */
export function countText(text: string): TextCounts {
  return {
    words: countWhere(words.segment(text), (segment) => segment.isWordLike === true),
    characters: countWhere(graphemes.segment(text), () => true),
    sentences: countWhere(sentences.segment(text), (segment) => segment.segment.trim() !== ''),
    lines: text === '' ? 0 : text.split(/\r\n|\r|\n/).length,
  };
}

function countWhere(segments: Iterable<Intl.SegmentData>, isCounted: (segment: Intl.SegmentData) => boolean): number {
  let count = 0;
  for (const segment of segments) if (isCounted(segment)) count += 1;
  return count;
}

/** Letters that do not decompose into a base letter and a mark. */
const SPELLED_OUT: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
};

/** Makes a slug of at most `charactersMax`; a text without a Latin letter or digit gives an empty one. */
export function slugify(text: string, charactersMax: number): string {
  const plain = text
    .toLowerCase()
    .replace(/[ßæœøđðþłı]/g, (letter) => SPELLED_OUT[letter] ?? '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '');
  const slug = plain.match(/[a-z0-9]+/g)?.join('-') ?? '';
  return slug.slice(0, charactersMax).replace(/-$/, '');
}

/** Shortens a text so that it has, with its ellipsis, at most `charactersMax` characters. */
export function truncate(
  text: string,
  charactersMax: number,
  ellipsis: string,
): { readonly text: string; readonly truncated: boolean } {
  const characters = Array.from(graphemes.segment(text), (segment) => segment.segment);
  if (characters.length <= charactersMax) return { text, truncated: false };
  const room = Math.max(0, charactersMax - countText(ellipsis).characters);
  const kept = characters.slice(0, room);
  const cut = /\s/.test(characters[room] ?? ' ')
    ? kept.length
    : kept.findLastIndex((character) => /\s/.test(character));
  const head = (cut > 0 ? kept.slice(0, cut) : kept).join('').trimEnd();
  return { text: room === 0 ? ellipsis.slice(0, charactersMax) : `${head}${ellipsis}`, truncated: true };
}

/** What may stand in a URL's text; a space, a quote or an angle bracket ends it. */
const URL_TEXT = /https?:\/\/[^\s<>"'`\\^{}|]+/gi;
const OPENING: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

/** Finds http and https URLs, in order, each once, without the punctuation of the sentence around them. */
export function extractUrls(text: string): readonly string[] {
  const found = new Set<string>();
  for (const [match] of text.matchAll(URL_TEXT)) {
    const url = withoutTrailingPunctuation(match);
    if (URL.canParse(url)) found.add(url);
  }
  return [...found];
}

/** "(see https://a.test/b)." ends a sentence; "https://a.test/wiki/B_(c)" does not: a bracket stays where it was opened. */
function withoutTrailingPunctuation(url: string): string {
  const unopened = new Map(
    Object.entries(OPENING).map(([close, open]) => [close, occurrences(url, close) - occurrences(url, open)]),
  );
  let end = url.length;
  for (; end > 0; end -= 1) {
    const last = url.charAt(end - 1);
    const left = unopened.get(last);
    if (left === undefined ? !/[.,;:!?*_~]/.test(last) : left <= 0) break;
    if (left !== undefined) unopened.set(last, left - 1);
  }
  return url.slice(0, end);
}

function occurrences(text: string, character: string): number {
  return text.split(character).length - 1;
}

/** Tidies the white space of a text; the words stay as they are. */
export function normalizeWhitespace(text: string): string {
  const lines = text.split(/\r\n|\r|\n/).map((line) =>
    line
      .split(/[^\S\n]+/)
      .filter((word) => word !== '')
      .join(' '),
  );
  const kept = lines.filter((line, index) => line !== '' || (index > 0 && lines[index - 1] !== ''));
  return kept.join('\n').trim();
}
