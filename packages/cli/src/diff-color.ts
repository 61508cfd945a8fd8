/**
 * How lines of a diff are shown.
 */
import type { Terminal } from './terminal.ts';

/** The colour of a line, by its sign. */
export function diffColor(line: string, { green, red }: Terminal['colors']): (text: string) => string {
  if (line.startsWith('+')) return green;
  return line.startsWith('-') ? red : String;
}
