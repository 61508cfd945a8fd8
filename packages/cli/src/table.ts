/**
 * Tables for people: aligned columns below a head. What comes from a server may hold a plugin's text, so nothing in a cell
 * reaches the terminal but what can be seen (FAULTS 37).
 */
import { createRequire } from 'node:module';
import { stripVTControlCharacters } from 'node:util';
import type StringWidth from 'string-width';
import type { Terminal } from './terminal.ts';

/** Controls, and what turns or hides text. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

/** Returns text as one line that cannot steer a terminal. */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/[\n\t]+/g, ' ')
    .replaceAll(UNSEEN, '');
}

/** A cell: text of anybody's, or one with a colour of ours. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

/** Lays out a head and rows in columns, two spaces apart; no line where there are no rows. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  { dim }: Pick<Terminal['colors'], 'dim'>,
): readonly string[] {
  if (rows.length === 0) return [];
  return columns([head.map((word) => ({ text: word.toUpperCase(), paint: dim })), ...rows]);
}

/** Lays rows out in columns, two spaces apart; the last column is as long as it is. */
export function columns(rows: readonly (readonly Cell[])[]): readonly string[] {
  const laid = rows.map((row) => row.map(toCell));
  const count = Math.max(0, ...laid.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(...laid.map((row) => row[at]?.width ?? 0)));
  return laid.map((row) =>
    row
      .map(({ text, width, paint }, at) => paint(text) + (at === row.length - 1 ? '' : gap((widths[at] ?? 0) - width)))
      .join('')
      .trimEnd(),
  );
}

type Laid = { readonly text: string; readonly width: number; readonly paint: (text: string) => string };

function toCell(cell: Cell): Laid {
  const { text, paint } = typeof cell === 'string' ? { text: cell, paint: same } : cell;
  const seen = plain(text);
  return { text: seen, width: widthOf(seen), paint };
}

const ASCII = /^[ -~]*$/;
const load = createRequire(import.meta.url);

/** The package builds its tables when it is loaded, which takes as long as the rest of a start; most text has no need of it. */
function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  const { default: stringWidth } = load('string-width') as { readonly default: typeof StringWidth };
  return stringWidth(text);
}

function gap(missing: number): string {
  return ' '.repeat(missing + COLUMN_GAP);
}

const COLUMN_GAP = 2;
const same = (text: string): string => text;
