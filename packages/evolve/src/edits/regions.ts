/**
 * Regions of a source that may change: what stands between a line with `EVOLVE-BLOCK-START` and one with `EVOLVE-BLOCK-END`, both in
 * comments of whatever language. A source without such lines may change everywhere.
 */
import { EvolveError } from '../evolve-error.ts';
import { quoted } from './edit-bounds.ts';

/** Lines outside and the marks themselves, in runs; between two runs lies a region. */
type Frame = readonly (readonly string[])[];

const START = /^\W*EVOLVE-BLOCK-START\b/;
const END = /^\W*EVOLVE-BLOCK-END\b/;

/**
 * Whether a source says which of its parts may change.
 * @public
 */
export function hasRegions(source: string): boolean {
  return source.split('\n').some((line) => START.test(line) || END.test(line));
}

/**
 * Checks a change after it was applied: outside of the regions, every line is as it was.
 *
 * @throws {EvolveError} `REGION_INVALID` where the marks of the source before the change are not in pairs; `REGION_CHANGED` with the
 *   first line that differs.
 * @public
 */
export function checkRegions(before: string, after: string): void {
  if (!hasRegions(before)) return;
  const [kept, found] = [frameOf(before, 'REGION_INVALID'), frameOf(after, 'REGION_CHANGED')];
  if (kept.length !== found.length) {
    throw changed(`there are ${found.length - 1} regions; expected the ${kept.length - 1} that there were`);
  }
  for (const [run, lines] of kept.entries()) {
    const others = found[run] ?? [];
    for (let at = 0; at < Math.max(lines.length, others.length); at += 1) {
      if (lines[at] !== others[at]) throw changed(differenceOf(lines[at], others[at]));
    }
  }
}

function frameOf(source: string, code: 'REGION_INVALID' | 'REGION_CHANGED'): Frame {
  const runs: string[][] = [[]];
  let isInside = false;
  for (const [index, line] of source.split('\n').entries()) {
    const isMark = (isInside ? START : END).test(line);
    if (isMark) {
      const word = isInside ? 'a region starts in another' : 'a region ends that has not started';
      throw new EvolveError(code, `${word} at line ${index + 1}; expected EVOLVE-BLOCK-START and -END in turn`);
    }
    if (isInside && END.test(line)) {
      isInside = false;
      runs.push([]);
    }
    if (!isInside) runs.at(-1)?.push(line);
    if (!isInside && START.test(line)) isInside = true;
  }
  if (!isInside) return runs;
  throw new EvolveError(code, 'a region is not ended; expected EVOLVE-BLOCK-END after it');
}

function differenceOf(expected: string | undefined, there: string | undefined): string {
  if (expected === undefined) return `outside of the regions there is ${quoted(there ?? '')} more`;
  const found = there === undefined ? 'it is gone' : `there is ${quoted(there)}`;
  return `outside of the regions, expected ${quoted(expected)}, ${found}`;
}

function changed(message: string): EvolveError {
  return new EvolveError('REGION_CHANGED', `${message}; only what is between the marks may change`);
}
