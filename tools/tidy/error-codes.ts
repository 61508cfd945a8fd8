/**
 * Each code of the error table is provoked by a test: named where a test, a conformance suite or the table of hostile
 * plugins says what must come of something. A code that nobody can provoke is a promise that nobody keeps.
 */
import type { Tree, TidyFinding } from './tree.ts';

/** Where outcomes are expected; tests of the table itself name every code and provoke none. */
const EXPECTS = /\.test\.ts$|\/conformance\.ts$|\/expectations\.ts$/;
const TABLE_TESTS = /\/(?:effect|errors|error-codes)\.test\.ts$/;

/** Finds the codes that nothing provokes. */
export function checkErrorCodes(tree: Tree, codes: readonly string[]): readonly TidyFinding[] {
  const texts = [...tree].filter(([path]) => EXPECTS.test(path) && !TABLE_TESTS.test(path)).map(([, text]) => text);
  return codes
    .filter((code) => !texts.some((text) => new RegExp(`\\b${code}\\b`).test(text)))
    .map((code) => ({
      path: 'packages/protocol/src/errors.ts',
      line: 1,
      message: `${code} is provoked by no test; write one that does, or take the code out`,
    }));
}
