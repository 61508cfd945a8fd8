/**
 * A source as lines and what ends them, so that an edit that was written with other line ends than the file has keeps those of the file.
 */

/** Lines without what ends them. `\r` stands in a line only where the source ends its lines in both ways. */
export type SourceLines = {
  readonly lines: readonly string[];
  readonly lineEnd: '\n' | '\r\n';
  /** Whether the last line is ended, too. True of a source without a line. */
  readonly isEnded: boolean;
};

/** Splits a source. */
export function splitSource(source: string): SourceLines {
  const lineEnd = isCrlf(source) ? '\r\n' : '\n';
  return { ...splitLines(source, lineEnd), lineEnd };
}

/** Splits at one line end alone. */
export function splitLines(source: string, lineEnd: string): Pick<SourceLines, 'lines' | 'isEnded'> {
  if (source === '') return { lines: [], isEnded: true };
  const parts = source.split(lineEnd);
  const isEnded = parts.at(-1) === '';
  return { lines: isEnded ? parts.slice(0, -1) : parts, isEnded };
}

/** The text of lines; no line is the empty text. */
export function joinSource({ lines, lineEnd, isEnded }: SourceLines): string {
  return lines.length === 0 ? '' : `${lines.join(lineEnd)}${isEnded ? lineEnd : ''}`;
}

/** Where a run of lines stands among others: the indexes of the first two places; more are not looked for. */
export function placesOf(run: readonly string[], lines: readonly string[]): readonly number[] {
  const places: number[] = [];
  for (let at = 0; at + run.length <= lines.length && places.length < 2; at += 1) {
    if (run.every((line, offset) => lines[at + offset] === line)) places.push(at);
  }
  return places;
}

/** Whether every line that is ended at all is ended by both characters. */
function isCrlf(source: string): boolean {
  return source.includes('\r\n') && !/(?<!\r)\n/.test(source);
}
