/**
 * What a change is, for people and for a log: its unified diff, and its size.
 */
import { formatPatch, structuredPatch, type StructuredPatch } from 'diff';
import { splitLines } from './source-lines.ts';

/**
 * Lines that were added and removed, and the hunks of a diff with three lines of context.
 * @public
 */
export type ChangeSummary = { readonly linesAdded: number; readonly linesRemoved: number; readonly hunks: number };

const CONTEXT = 3;
/**
 * Lines in which two texts may differ for the shortest diff to be looked for: the time for it grows with their square, and two texts of
 * a hundred thousand lines that have none in common would take hours.
 */
const EDIT_LENGTH_MAX = 1_000;
const HEADERS = { includeIndex: false, includeUnderline: false, includeFileHeaders: true };

/** Writes the unified diff of a change, and counts it. */
export function describeChange(
  before: string,
  after: string,
  fileName = 'source',
): { readonly diff: string; readonly summary: ChangeSummary } {
  if (before === after) return { diff: '', summary: { linesAdded: 0, linesRemoved: 0, hunks: 0 } };
  const patch = patchOf(before, after, fileName);
  const signs = patch.hunks.flatMap(({ lines }) => lines.map((line) => line.charAt(0)));
  const count = (sign: string): number => signs.filter((each) => each === sign).length;
  const summary = { linesAdded: count('+'), linesRemoved: count('-'), hunks: patch.hunks.length };
  return { diff: formatPatch(patch, HEADERS), summary };
}

/**
 * Writes the unified diff of a change; empty where there is none.
 * @public
 */
export function unifiedDiff(before: string, after: string, fileName?: string): string {
  return describeChange(before, after, fileName).diff;
}

/**
 * Counts a change.
 * @public
 */
export function summarizeChange(before: string, after: string): ChangeSummary {
  return describeChange(before, after).summary;
}

function patchOf(before: string, after: string, fileName: string): StructuredPatch {
  const [from, to] = [`a/${fileName}`, `b/${fileName}`];
  const options = { context: CONTEXT, maxEditLength: EDIT_LENGTH_MAX };
  const shortest = structuredPatch(from, to, before, after, undefined, undefined, options);
  return shortest ?? wholePatch(before, after, { from, to });
}

/** Everything is taken out, and everything put in. */
function wholePatch(
  before: string,
  after: string,
  { from, to }: { readonly from: string; readonly to: string },
): StructuredPatch {
  const [removed, added] = [signedLines('-', before), signedLines('+', after)];
  const counts = { oldLines: splitLines(before, '\n').lines.length, newLines: splitLines(after, '\n').lines.length };
  const hunk = { oldStart: 1, newStart: 1, ...counts, lines: [...removed, ...added] };
  return { oldFileName: from, newFileName: to, oldHeader: undefined, newHeader: undefined, hunks: [hunk] };
}

function signedLines(sign: '-' | '+', text: string): readonly string[] {
  const { lines, isEnded } = splitLines(text, '\n');
  return [...lines.map((line) => `${sign}${line}`), ...(isEnded ? [] : ['\\ No newline at end of file'])];
}
