/**
 * What the validation says: one line for each figure, with the band that it has to be in.
 */

/** A figure of an estimator, design or gate in a scenario, and the band that it is held to. */
export type Row = {
  readonly estimator: string;
  readonly scenario: string;
  readonly figure: 'coverage' | 'false promotions' | 'false alarms' | 'power' | 'mean pairs' | 'median pairs';
  readonly found: number;
  readonly band: readonly [least: number, most: number];
};

/** Tells whether the figure is in its band. */
export function holds({ found, band: [least, most] }: Row): boolean {
  return least <= found && found <= most;
}

/** The rows as a table for people, and a last line that says how many hold. */
export function formatReport(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const table = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const held = rows.filter(holds).length;
  return [...table, '', `${held} of ${rows.length} figures are in their band`].join('\n');
}

/** The rows for programs, one JSON object a line. */
export function formatJson(rows: readonly Row[]): string {
  return rows.map((row) => JSON.stringify({ ...row, holds: holds(row) })).join('\n');
}

const HEAD: readonly string[] = ['estimator', 'scenario', 'figure', 'found', 'band', 'holds'];

function cellsOf(row: Row): readonly string[] {
  const [least, most] = row.band;
  const band = `${shown(least)} to ${shown(most)}`;
  return [row.estimator, row.scenario, row.figure, shown(row.found), band, holds(row) ? 'yes' : 'NO'];
}

/** Shares with four digits, pairs with one. */
function shown(value: number): string {
  return value > 1 ? value.toFixed(1) : value.toFixed(4);
}
