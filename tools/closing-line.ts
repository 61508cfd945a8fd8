/**
 * A vitest reporter that prints, after vitest's own summary, the plain line `N passed, N failed`, for readers of a log
 * that know no test runner. A file that could not be loaded and an error outside every test count as failed.
 */
import type { Reporter, TestModule } from 'vitest/node';

/** What the closing line counts. */
export type Count = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** Formats the line; skipped tests are named only where there are some. */
export function closingLine({ passed, failed, skipped }: Count): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}

/** Prints the closing line when the run has ended. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    const unloaded = modules.filter((module) => module.errors().length > 0).length;
    const of = (state: string): number => states.filter((each) => each === state).length;
    const count = {
      passed: of('passed'),
      failed: of('failed') + unloaded + unhandledErrors.length,
      skipped: of('skipped') + of('pending'),
    };
    process.stdout.write(`${closingLine(count)}\n`);
  }
}
