/**
 * A row of guard's benchmarks: a figure with its number in the list (EVIDENCE 3a), words for whoever reads it, and how far the repeats
 * lay apart. The table of docs/guard.md is made of them.
 */
import { holds, type Figure } from '../lib/figures.ts';
import { median } from '../lib/statistics.ts';

/** `range` is the least and the most of the repeats that `figure` is the median of; `beside` is a published figure to compare with. */
export type Row = {
  readonly id: string;
  readonly what: string;
  readonly figure: Figure;
  readonly range?: readonly [least: number, most: number];
  readonly beside?: string;
};

/** What is measured for one number of the list. */
export type Part = { readonly id: string; readonly title: string; readonly measure: () => Promise<readonly Row[]> };

/** The median of the repeats as a row. */
export function medianRow(
  head: Pick<Row, 'id' | 'what'>,
  repeats: readonly number[],
  figureOf: (middle: number) => Figure,
): Row {
  return { ...head, figure: figureOf(median(repeats)), range: [Math.min(...repeats), Math.max(...repeats)] };
}

/** The least and the most as figures for information, so that `--json` tells them too. */
export function withRanges(rows: readonly Row[]): readonly Figure[] {
  return rows.flatMap(({ figure, range }) => {
    const { figure: name, unit } = figure;
    const end = (word: string, value: number): Figure => ({
      ...{ figure: `${name}_${word}`, value, unit },
      ...{ bound: null, relation: null },
    });
    return range === undefined ? [figure] : [figure, end('least', range[0]), end('most', range[1])];
  });
}

/** The table of docs/guard.md. */
export function markdownOf(rows: readonly Row[]): string {
  const head = ['', 'figure', 'bound', 'measured here', 'command'];
  const lines = [
    head,
    head.map(() => '---'),
    ...rows.map((row) => [row.id, row.what, boundOf(row), measuredOf(row), commandOf(row)]),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function boundOf({ figure: { bound, relation, unit }, beside }: Row): string {
  const own = bound === null || relation === null ? 'none' : `${relation} ${shown(bound)} ${unit}`;
  return beside === undefined ? own : `${own}; ${beside}`;
}

function measuredOf({ figure, range }: Row): string {
  const value = `${shown(figure.value)} ${figure.unit}`;
  const spread = range === undefined ? '' : ` (${shown(range[0])} to ${shown(range[1])})`;
  return `${value}${spread}${holds(figure) ? '' : ' **missed**'}`;
}

function commandOf({ id }: Row): string {
  return `\`npm run bench:guard -- ${id}\``;
}

function shown(value: number): string {
  return String(Number(value.toPrecision(3))).replace(/\B(?=(?:\d{3})+$)/gu, value >= 1_000 ? ',' : '');
}
