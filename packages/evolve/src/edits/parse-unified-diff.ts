/**
 * Reads a unified diff of one file out of what a model wrote: tolerant about what stands around it (prose, a code fence, names of
 * files, counts that are left out), never about the hunks themselves. Counts that are written must be right.
 *
 *   answer ─▶ the one fence with hunks, or from the first header on ─▶ hunks, each by its counts, or up to the next header
 */
import { EvolveError } from '../evolve-error.ts';
import { quoted } from './edit-bounds.ts';
import { readFences } from './fences.ts';

/** A line of a hunk; `isEnded` is false of the last line of a file that no line end follows, where the diff says so. */
export type HunkLine = { readonly sign: ' ' | '-' | '+'; readonly text: string; readonly isEnded: boolean };

/**
 * One hunk: its number and the line of the diff that it begins in, both from 1; the index of the line of the source where it
 * applies, undefined where its header has no numbers; its lines.
 */
export type Hunk = {
  readonly number: number;
  readonly diffLine: number;
  readonly at: number | undefined;
  readonly lines: readonly HunkLine[];
};

const HUNKS_MAX = 10_000;
/** Each of them is looked for in the whole source. */
const BARE_HUNKS_MAX = 100;
const NUMBERED = /^@@ -(\d{1,7})(?:,(\d{1,7}))? \+(\d{1,7})(?:,(\d{1,7}))? @@/;
/** What models write who cannot count lines. */
const UNNUMBERED = /^@@(?:[ .]*@@.*|[ .]*)$/;
const BEGINNING = /^(?:diff --git |--- |@@)/m;

/**
 * Reads the hunks, in their order.
 *
 * @throws {EvolveError} `EDIT_INVALID` where there is no hunk, a second file or diff, a header that is none, or a wrong count.
 */
export function parseUnifiedDiff(answer: string): readonly Hunk[] {
  const lines = diffTextIn(answer).split('\n');
  const hunks: Hunk[] = [];
  for (let at = 0; at < lines.length;) {
    const line = withoutCr(lines[at]);
    if (line.startsWith('@@')) {
      const read = readHunk(lines, { at, number: hunks.length + 1 });
      hunks.push(read.hunk);
      at = read.next;
    } else {
      assertBetweenHunks(lines, { at, number: hunks.length });
      at += 1;
    }
    if (hunks.length > HUNKS_MAX) throw invalid(`the diff has more than ${HUNKS_MAX} hunks; expected fewer`);
  }
  const bare = hunks.filter((hunk) => hunk.at === undefined).length;
  if (bare > BARE_HUNKS_MAX) {
    throw invalid(`the diff has ${bare} hunks without line numbers; expected at most ${BARE_HUNKS_MAX}`);
  }
  if (hunks.length > 0) return hunks;
  throw invalid('the diff has no hunk; expected at least one that begins with "@@ -LINE,COUNT +LINE,COUNT @@"');
}

function diffTextIn(answer: string): string {
  const fenced = /^(?:```|~~~)/m.test(answer) ? fencedDiffs(answer) : [];
  if (fenced.length > 1) throw invalid(`the answer has ${fenced.length} diffs; expected one, of one file`);
  const text = fenced[0] ?? answer;
  const start = text.search(BEGINNING);
  return start === -1 ? '' : text.slice(start);
}

function fencedDiffs(answer: string): readonly string[] {
  const texts = readFences(answer).map(({ text }) => text);
  return texts.filter((text) => /^@@/m.test(text));
}

type At = { readonly at: number; readonly number: number };

function readHunk(lines: readonly string[], { at, number }: At): { readonly hunk: Hunk; readonly next: number } {
  const header = withoutCr(lines[at]);
  const match = NUMBERED.exec(header);
  if (match === null && !UNNUMBERED.test(header)) {
    throw invalid(`line ${at + 1} of the diff is ${quoted(header)}; expected "@@ -LINE,COUNT +LINE,COUNT @@"`);
  }
  const [, oldStart, oldCount, , newCount] = match ?? [];
  const head = { number, diffLine: at + 1 };
  const wanted = { old: countOf(oldCount), new: countOf(newCount) };
  const body = readBody(lines, at + 1, wanted);
  assertCounts(body.lines, { ...head, wanted });
  if (oldStart === undefined) return { hunk: { ...head, at: undefined, lines: body.lines }, next: body.next };
  const first = Number(oldStart) - (oldLinesIn(body.lines) === 0 ? 0 : 1);
  if (first >= 0) return { hunk: { ...head, at: first, lines: body.lines }, next: body.next };
  throw invalid(`${nameOf(head)} starts at line 0 of the source, and has lines of it; expected a line from 1`);
}

type Counts = { readonly old: number | undefined; readonly new: number | undefined };

/** A count that is left out is what the body has; the standard's 1 is the case where it has one line. */
function countOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** Up to its counts where both are written, up to where no hunk can go on otherwise. */
function readBody(
  lines: readonly string[],
  from: number,
  wanted: Counts,
): { readonly lines: readonly HunkLine[]; readonly next: number } {
  const read: HunkLine[] = [];
  const found = { old: 0, new: 0 };
  let next = from;
  for (; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    const last = read.at(-1);
    const isFull = found.old === wanted.old && found.new === wanted.new;
    // Before that, two lines that look like the names of a file are a change of "-- x" to "++ x".
    const mayEnd = found.old >= (wanted.old ?? 1) && found.new >= (wanted.new ?? 1);
    if (line.startsWith('\\') && last !== undefined) read[read.length - 1] = { ...last, isEnded: false };
    else if (isFull || !goesOn(lines, next) || (mayEnd && isFileHeader(lines, next))) break;
    else {
      const added = hunkLine(line);
      read.push(added);
      if (added.sign !== '+') found.old += 1;
      if (added.sign !== '-') found.new += 1;
    }
  }
  const hasCounts = wanted.old !== undefined && wanted.new !== undefined;
  return { lines: hasCounts ? read : withoutEmptyEnd(read), next };
}

/** An empty line is an empty line of context whose one blank an editor or a model has trimmed; the last one is only what ends the text. */
function goesOn(lines: readonly string[], at: number): boolean {
  const line = withoutCr(lines[at]);
  if (line === '') return at < lines.length - 1;
  return /^[ +-]/.test(line);
}

function isFileHeader(lines: readonly string[], at: number): boolean {
  return (lines[at] ?? '').startsWith('--- ') && (lines[at + 1] ?? '').startsWith('+++ ');
}

function hunkLine(line: string): HunkLine {
  const sign = line.charAt(0);
  if (sign === '+' || sign === '-') return { sign, text: line.slice(1), isEnded: true };
  return { sign: ' ', text: withoutCr(line) === '' ? line : line.slice(1), isEnded: true };
}

/** Where nothing says how long a hunk is, empty lines at its end are those before the prose that follows. */
function withoutEmptyEnd(lines: readonly HunkLine[]): readonly HunkLine[] {
  const last = lines.findLastIndex(({ sign, text }) => sign !== ' ' || withoutCr(text) !== '');
  return lines.slice(0, last + 1);
}

type Counted = Omit<At, 'at'> & { readonly diffLine: number; readonly wanted: Counts };

function assertCounts(lines: readonly HunkLine[], { wanted, ...head }: Counted): void {
  const found = { old: oldLinesIn(lines), new: newLinesIn(lines) };
  if (lines.length === 0) throw invalid(`${nameOf(head)} has no lines; expected lines that begin with " ", "-" or "+"`);
  const isRight = (wanted.old ?? found.old) === found.old && (wanted.new ?? found.new) === found.new;
  if (!isRight) throw wrongCount(head, wanted, found);
}

function wrongCount(head: Omit<Counted, 'wanted'>, wanted: Counts, found: Counts): EvolveError {
  return invalid(
    `${nameOf(head)} says that it has ${wanted.old ?? found.old} lines of the source and ${wanted.new ?? found.new} of the result; it has ${found.old} and ${found.new}`,
  );
}

/** What a hunk should have had must not be passed over as if it were prose. */
function assertBetweenHunks(lines: readonly string[], { at, number }: At): void {
  if (number === 0) return;
  const line = withoutCr(lines[at]);
  if (line.startsWith('diff --git ') || isFileHeader(lines, at)) {
    throw invalid(`line ${at + 1} of the diff is ${quoted(line)}; expected a diff of one file`);
  }
  if (!/^[ +\\-]/.test(line)) return;
  throw invalid(
    `line ${at + 1} of the diff is ${quoted(line)}, which is more than the counts of hunk ${number} say; expected a header of a hunk, or the end`,
  );
}

function oldLinesIn(lines: readonly HunkLine[]): number {
  return lines.filter(({ sign }) => sign !== '+').length;
}

function newLinesIn(lines: readonly HunkLine[]): number {
  return lines.filter(({ sign }) => sign !== '-').length;
}

function nameOf({ number, diffLine }: Omit<Counted, 'wanted'>): string {
  return `hunk ${number} (line ${diffLine} of the diff)`;
}

function withoutCr(line = ''): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function invalid(message: string): EvolveError {
  return new EvolveError('EDIT_INVALID', message);
}
