/**
 * Compiles patterns of whoever runs guard, of which no text can make a trap: regular expressions that take time in proportion to a
 * text, or none at all.
 *
 * A pattern may repeat one thing by a range in its middle, at most {@link RANGE_MAX} times, and one at its end without a bound:
 * there nothing follows that could send it back. What repeats is one character or a class. No look-around, no reference to a group.
 */
import { GuardError } from '../guard-error.ts';

/** Characters of a pattern. */
const PATTERN_MAX = 500;
/** How often the middle repeats what it repeats without a bound. */
const RANGE_MAX = 1_000;
/** Alternatives and optional things: each may double what is tried where a match could start. */
const CHOICES_MAX = 6;

/**
 * A pattern, global and by code points.
 *
 * @param place - `index` of the pattern among `most` that are taken; a place beyond is refused.
 * @throws {GuardError} `REDACTION_INVALID`.
 */
export function compilePattern(
  source: string,
  { index, most }: { readonly index: number; readonly most: number },
): RegExp {
  const refuse = (why: string, cause?: unknown): GuardError =>
    new GuardError(
      'REDACTION_INVALID',
      `redaction pattern ${index + 1}, ${JSON.stringify(source.slice(0, 60))}, ${why}`,
      cause === undefined ? undefined : { cause },
    );
  if (index >= most) throw refuse(`is one too many; expected at most ${most}`);
  if (source === '' || source.length > PATTERN_MAX)
    throw refuse(`has ${source.length} characters; expected 1 to ${PATTERN_MAX}`);
  const bounded = boundedSource(source);
  if (typeof bounded !== 'string') throw refuse(bounded.why);
  try {
    return new RegExp(bounded, 'gu');
  } catch (error) {
    throw refuse('is no regular expression; write it as in JavaScript with the flag u', error);
  }
}

/** An escape, a class, a group's beginning, a quantifier, an alternative; anything else is one character. */
const TOKEN =
  /\\(?:u\{[^}]*\}|[pP]\{[^}]*\}|[^])|\[(?:\\[^]|[^\]\\])*\]|\(\?(?:[:=!]|<[=!]?)|[*+?]\??|\{\d+(?:,\d*)?\}\??|[^]/gu;
const QUANTIFIER = /^(?:[*+?]|\{\d+(?:,\d*)?\})/;

/** The pattern with its middle bounded, or why it could take more than linear time. */
function boundedSource(source: string): string | { readonly why: string } {
  const tokens = source.match(TOKEN) ?? [];
  const forbidden = tokens.find((token) => /^\(\?[=!<]|^\\[1-9k]/.test(token));
  if (forbidden !== undefined)
    return { why: `has "${forbidden}"; expected no look-around and no reference to a group` };
  const choices = tokens.filter((token) => token === '|' || /^\??\?$/.test(token)).length;
  if (choices > CHOICES_MAX)
    return { why: `has ${choices} alternatives and optional parts; expected at most ${CHOICES_MAX}` };
  if (tokens.some((token, at) => QUANTIFIER.test(token) && tokens[at - 1] === ')'))
    return { why: 'repeats a group; expected repetitions of single characters or classes' };
  const middle = tokens.filter((token, at) => isRange(token) && at < tokens.length - 1);
  if (middle.length > 1)
    return { why: `repeats by a range in ${middle.length} places before its end; expected at most one` };
  const high = tokens.find((token, at) => exceeds(token, at === tokens.length - 1));
  if (high !== undefined) return { why: `has "${high}"; expected repetitions of at most ${RANGE_MAX}` };
  return tokens.map((token, at) => (at < tokens.length - 1 ? closed(token) : token)).join('');
}

/** Repeats as often as the text lets it, and so may have to go back. `?` is a choice, `{4}` is none. */
function isRange(token: string): boolean {
  return /^[*+]|^\{\d+,/.test(token);
}

function exceeds(token: string, isLast: boolean): boolean {
  const [, least, most] = /^\{(\d+)(?:,(\d*))?\}/.exec(token) ?? [];
  if (least === undefined) return false;
  return Number(least) > RANGE_MAX || (!isLast && Number(most ?? 0) > RANGE_MAX);
}

/** An open range with a bound. */
function closed(token: string): string {
  if (token.startsWith('*')) return `{0,${RANGE_MAX}}${token.slice(1)}`;
  if (token.startsWith('+')) return `{1,${RANGE_MAX}}${token.slice(1)}`;
  return token.replace(/^\{(\d+),\}/, `{$1,${RANGE_MAX}}`);
}
