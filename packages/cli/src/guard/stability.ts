/**
 * `bulkhead guard stability`: whether an implementation answers the same when it is asked again. It is evaluated against itself, so that
 * whatever differs is its own doing, or the machine's.
 */
import { evaluate, type Report } from '@bulkhead/guard';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';
import { CLOCK } from './clock.ts';
import { listenForInterrupt } from './interrupt.ts';
import { loadTask } from './load-task.ts';
import { openProgress } from './progress.ts';
import { LOCAL, openWorkbench, requestOf, type RunOptions } from './workbench.ts';

/** What is typed after it. */
export type StabilityOptions = RunOptions & {
  readonly task: string;
  readonly implementation: string;
  readonly n?: number;
  readonly repeats?: number;
  readonly json?: boolean;
};

const CASES = 100;
const REPEATS = 3;

/** Runs it; answers 0 where every case is stable, 1 where one is not. */
export async function stabilityVerb(options: StabilityOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const report = await againstItself(options, terminal);
    const unstable = unstableCases(report);
    const { result, colors } = terminal;
    const { n, stability } = report;
    if (options.json === true) {
      result(JSON.stringify({ stable: unstable.length === 0, cases: n, repeats: stability.repeats, unstable }));
    } else if (unstable.length === 0) {
      result(colors.green(`stable: ${n} cases came out the same, ${2 * stability.repeats} times each`));
    } else {
      result(colors.red(`unstable: ${unstable.length} of ${n} cases`));
      for (const id of unstable) result(plain(`  ${id}`));
    }
    return unstable.length === 0 ? EXIT_OK : EXIT_FAILED;
  });
}

async function againstItself(options: StabilityOptions, terminal: Terminal): Promise<Report> {
  const interrupt = listenForInterrupt();
  const task = await loadTask(options.task);
  await using bench = await openWorkbench(options, terminal);
  const { implementation: file, executor: spec = LOCAL, n = CASES, repeats = REPEATS } = options;
  const side = { option: '--implementation', file, spec };
  const progress = openProgress(terminal, { isQuiet: options.json === true });
  try {
    return await evaluate(
      {
        ...{ ...requestOf(options), task, n, repeats, parallel: bench.parallel },
        ...{ signal: interrupt.signal, onProgress: progress.show },
        baseline: await bench.implement(side),
        candidate: await bench.implement(side),
      },
      CLOCK,
    );
  } finally {
    progress.end();
  }
}

/** Those where a side differed from itself, and those where the two sides of the same code did. */
function unstableCases({ flaky, flips }: Report): readonly string[] {
  return [...new Set([...flaky, ...flips].map(({ case_id }) => case_id))];
}
