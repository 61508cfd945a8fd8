/**
 * What a bench says: figures, each with the bound that it is held to where there is one. Printed as a table for people,
 * or with `--json` as one line a figure.
 */

/** One figure. `relation` says on which side of the bound it has to be; a figure without a bound is for information. */
export type Figure = {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  readonly bound: number | null;
  readonly relation: 'at most' | 'at least' | null;
};

/** A figure that is held to an upper bound. */
export function atMost(
  figure: string,
  value: number,
  { unit, bound }: { readonly unit: string; readonly bound: number },
): Figure {
  return { figure, value, unit, bound, relation: 'at most' };
}

/** A figure that is held to a lower bound. */
export function atLeast(
  figure: string,
  value: number,
  { unit, bound }: { readonly unit: string; readonly bound: number },
): Figure {
  return { figure, value, unit, bound, relation: 'at least' };
}

/** A figure for information. */
export function told(figure: string, value: number, unit: string): Figure {
  return { figure, value, unit, bound: null, relation: null };
}

/** Tells whether a figure keeps its bound; one that was not measured (NaN) keeps none. */
export function holds({ value, bound, relation }: Figure): boolean {
  if (bound === null || relation === null) return true;
  return relation === 'at most' ? value <= bound : value >= bound;
}

/** Prints the figures and sets the exit code: 1 where a bound does not hold. */
export function report(title: string, figures: readonly Figure[]): void {
  if (isJson()) for (const figure of figures) console.log(jsonLine(figure));
  else printTable(title, figures);
  if (!figures.every(holds)) process.exitCode = 1;
}

/** Tells whether figures are printed for a program. */
export function isJson(): boolean {
  return process.argv.includes('--json');
}

/** Progress, for whoever waits; never on stdout. */
export function say(text: string): void {
  if (process.stderr.isTTY) console.error(text);
}

function jsonLine(figure: Figure): string {
  const { figure: name, value, unit, bound } = figure;
  return JSON.stringify({ figure: name, value: rounded(value), unit, bound, holds: holds(figure) });
}

function printTable(title: string, figures: readonly Figure[]): void {
  const nameWidth = Math.max(...figures.map(({ figure }) => figure.length));
  console.log(`\n${title}`);
  for (const figure of figures) {
    const value = String(rounded(figure.value)).padStart(10);
    const bound =
      figure.bound === null ? '' : `${figure.relation} ${figure.bound}: ${holds(figure) ? 'holds' : 'MISSED'}`;
    console.log(`  ${figure.figure.padEnd(nameWidth)} ${value} ${figure.unit.padEnd(8)} ${bound}`.trimEnd());
  }
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
