/**
 * A whole new source out of the one code fence of an answer.
 */
import { EvolveError } from '../evolve-error.ts';
import { assertEditSize } from './edit-bounds.ts';
import { readFences } from './fences.ts';
import { joinSource, splitLines, splitSource } from './source-lines.ts';

/**
 * Reads the new source; its line ends, and whether its last line has one, are as in the source that it replaces.
 *
 * @throws {EvolveError} `EDIT_INVALID` where there is not exactly one fence, or nothing in it; `EDIT_TOO_LARGE`.
 * @public
 */
export function applyFullRewrite(source: string, answer: string): string {
  assertEditSize(answer, 'the answer');
  const fences = readFences(answer);
  const [fence] = fences;
  if (fence === undefined || fences.length > 1) {
    throw new EvolveError(
      'EDIT_INVALID',
      `the answer has ${fences.length} code fences; expected one, with the whole new source`,
    );
  }
  const { lines } = splitLines(fence.text.replaceAll('\r\n', '\n'), '\n');
  if (lines.every((line) => line.trim() === '')) {
    throw new EvolveError('EDIT_INVALID', 'the code fence is empty; expected the whole new source in it');
  }
  return joinSource({ ...splitSource(source), lines });
}
