/**
 * Applies a unified diff, strictly: every hunk at the line that it names, every line of it as it stands there. The library `diff` looks
 * for another place where a hunk does not fit, which with code that is bred would change something that nobody meant; it is the oracle
 * of the tests.
 *
 *   diff ─▶ hunks ─▶ where each applies ─▶ every line compared ─▶ the new lines, ended as the source is
 */
import { EvolveError } from '../evolve-error.ts';
import { assertEditSize, quoted } from './edit-bounds.ts';
import { parseUnifiedDiff, type Hunk, type HunkLine } from './parse-unified-diff.ts';
import { joinSource, placesOf, splitLines, splitSource, type SourceLines } from './source-lines.ts';

/** A hunk without numbers is looked for; more lines than this are not. */
const SOUGHT_LINES_MAX = 2_000;

/**
 * Applies a diff of one file to its source. Prose and a code fence around the diff are passed over, counts may be left out; a hunk with a
 * bare `@@` header applies where its lines stand, if that is one place alone. Line ends and a last line without one stay as
 * they are, unless the diff says otherwise.
 *
 * @param diff - At most {@link EDIT_BYTES_MAX} bytes of UTF-8.
 * @returns The new source.
 * @throws {EvolveError} `EDIT_INVALID` for what is no diff of one file, has a wrong count or hunks that overlap; `EDIT_MISMATCH` with
 *   hunk, line, what was expected and what is there; `EDIT_AMBIGUOUS` for a bare hunk that fits twice; `EDIT_TOO_LARGE`.
 * @public
 */
export function applyUnifiedDiff(source: string, diff: string): string {
  assertEditSize(diff, 'the diff');
  const hunks = parseUnifiedDiff(diff);
  const asWritten: SourceLines = { ...splitLines(source, '\n'), lineEnd: '\n' };
  if (stands(hunks, asWritten)) return joinSource(applied(asWritten, hunks));
  return joinSource(applied(splitSource(source), isAllCrlf(hunks) ? withoutCr(hunks) : hunks));
}

/** Whether a diff is written with the line ends of its source. One that only adds says nothing of them, unless there are none yet. */
function stands(hunks: readonly Hunk[], { lines }: SourceLines): boolean {
  const old = hunks.map((hunk) => ({ at: hunk.at, texts: oldLines(hunk).map(({ text }) => text) }));
  if (old.every(({ texts }) => texts.length === 0)) return lines.length === 0;
  return old.every(({ at, texts }) =>
    at === undefined
      ? texts.length <= SOUGHT_LINES_MAX && placesOf(texts, lines).length > 0
      : texts.every((text, offset) => lines[at + offset] === text),
  );
}

/** Only where every line of a diff ends so is it the line end of the file; elsewhere it is part of the line. */
function isAllCrlf(hunks: readonly Hunk[]): boolean {
  return hunks.every(({ lines }) => lines.every(({ text, isEnded }) => isEnded && text.endsWith('\r')));
}

function withoutCr(hunks: readonly Hunk[]): readonly Hunk[] {
  return hunks.map((hunk) => ({
    ...hunk,
    lines: hunk.lines.map((line) => ({ ...line, text: line.text.replace(/\r$/, '') })),
  }));
}

type Placed = Hunk & { readonly at: number };

function applied(source: SourceLines, hunks: readonly Hunk[]): SourceLines {
  const lines: string[] = [];
  let from = 0;
  let { isEnded } = source;
  for (const hunk of hunks) {
    const placed = { ...hunk, at: hunk.at ?? placeOf(hunk, source) };
    assertFits(placed, source, from);
    for (let at = from; at < placed.at; at += 1) lines.push(source.lines[at] ?? '');
    for (const { sign, text } of hunk.lines) if (sign !== '-') lines.push(text);
    from = placed.at + oldLines(hunk).length;
    isEnded = endAfter(placed, { source, isLast: from === source.lines.length });
  }
  for (let at = from; at < source.lines.length; at += 1) lines.push(source.lines[at] ?? '');
  return { ...source, lines, isEnded: from < source.lines.length ? source.isEnded : isEnded };
}

function placeOf(hunk: Hunk, source: SourceLines): number {
  const sought = oldLines(hunk).map(({ text }) => text);
  if (sought.length === 0 || sought.length > SOUGHT_LINES_MAX) {
    throw new EvolveError(
      'EDIT_INVALID',
      `${nameOf(hunk)} has no line numbers and ${sought.length} lines of the source; expected from 1 to ${SOUGHT_LINES_MAX}, or line numbers`,
    );
  }
  const [place, another] = placesOf(sought, source.lines);
  if (place === undefined) {
    throw new EvolveError(
      'EDIT_MISMATCH',
      `the lines of ${nameOf(hunk)} stand nowhere in the source; expected the lines with " " and "-" as they are there, from ${quoted(sought[0] ?? '')} on`,
    );
  }
  if (another === undefined) return place;
  throw new EvolveError(
    'EDIT_AMBIGUOUS',
    `the lines of ${nameOf(hunk)} stand at line ${place + 1} and again at line ${another + 1}; expected enough lines around the change to make it one place`,
  );
}

function assertFits(hunk: Placed, source: SourceLines, from: number): void {
  if (hunk.at < from) {
    throw new EvolveError(
      'EDIT_INVALID',
      `${nameOf(hunk)} begins at line ${hunk.at + 1} of the source, and the hunk before it ends at line ${from}; expected hunks in order that do not overlap`,
    );
  }
  if (hunk.at > source.lines.length) throw mismatch(hunk, source, hunk.at);
  let at = hunk.at;
  for (const line of oldLines(hunk)) {
    if (source.lines[at] !== line.text || !isEndAsSaid(line, source, at)) throw mismatch(hunk, source, at);
    at += 1;
  }
}

/** Of a last line without an end a diff need not say so; what it says must be so. */
function isEndAsSaid({ isEnded }: HunkLine, source: SourceLines, at: number): boolean {
  return isEnded || (at === source.lines.length - 1 && !source.isEnded);
}

/** Whether the last line of the result is ended, as far as a hunk says so. Only one that reaches the end of the source may. */
function endAfter(hunk: Hunk, { source, isLast }: { readonly source: SourceLines; readonly isLast: boolean }): boolean {
  const result = hunk.lines.filter(({ sign }) => sign !== '-');
  const isSaidBefore = result.slice(0, -1).some(({ isEnded }) => !isEnded);
  const isSaid = hunk.lines.some(({ isEnded }) => !isEnded);
  if (isSaidBefore || (isSaid && !isLast)) throw notLast(hunk);
  return isSaid ? (result.at(-1)?.isEnded ?? true) : source.isEnded;
}

function mismatch(hunk: Placed, source: SourceLines, at: number): EvolveError {
  const expected = oldLines(hunk)[at - hunk.at];
  const there = source.lines[at];
  const place = `${nameOf(hunk)} does not fit at line ${at + 1} of the source`;
  const wanted =
    expected === undefined ? 'a source that reaches there' : `${quoted(expected.text)}${endNote(expected)}`;
  const found = there === undefined ? `the source has ${source.lines.length} lines` : `there is ${quoted(there)}`;
  return new EvolveError('EDIT_MISMATCH', `${place}: expected ${wanted}, ${found}${elsewhere(hunk, source)}`);
}

function endNote({ isEnded }: HunkLine): string {
  return isEnded ? '' : ' as a last line that no line end follows';
}

function elsewhere(hunk: Placed, source: SourceLines): string {
  const sought = oldLines(hunk).map(({ text }) => text);
  if (sought.length === 0 || sought.length > SOUGHT_LINES_MAX) return '';
  const [place, another] = placesOf(sought, source.lines);
  return place === undefined || another !== undefined ? '' : `; its lines stand at line ${place + 1}`;
}

function notLast(hunk: Hunk): EvolveError {
  return new EvolveError(
    'EDIT_INVALID',
    `${nameOf(hunk)} says that no line end follows a line that is not the last; expected "\\ No newline at end of file" there alone`,
  );
}

function oldLines({ lines }: Hunk): readonly HunkLine[] {
  return lines.filter(({ sign }) => sign !== '+');
}

function nameOf({ number, diffLine }: Hunk): string {
  return `hunk ${number} (line ${diffLine} of the diff)`;
}
