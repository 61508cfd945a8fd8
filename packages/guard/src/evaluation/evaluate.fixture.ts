/**
 * For tests: a task, implementations in a line or two, and what an evaluation of them needs.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import fc from 'fast-check';
import { createLocalExecutor } from '../executors/local.ts';
import { defineTask } from '../task/define-task.ts';
import { permute } from '../task/relation-library.ts';
import type { EvaluationClock, Implementation } from './evaluate-options.ts';

/** The sum of some numbers: small, with one property that says all and one relation. */
export const SUM = defineTask<[number[]], number>({
  name: 'sum',
  arbitraries: fc.tuple(fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 6 })),
  isResult: (value): value is number => typeof value === 'number',
  properties: [
    {
      name: 'is_sum',
      check: (out, list) => {
        const sum = list.reduce((total, item) => total + item, 0);
        return out === sum || `${out} in place of ${sum}`;
      },
    },
  ],
  relations: [permute()],
});

/** A right implementation of {@link SUM}. */
export const RIGHT = 'export const solve = (list: number[]) => list.reduce((sum, item) => sum + item, 0);';

/** The clock of the machine. */
export const CLOCK: EvaluationClock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  startTimer: (delayMs, didElapse) => {
    const timer = setTimeout(didElapse, delayMs);
    return () => clearTimeout(timer);
  },
};

/** A host, and a folder of implementations; disposing ends both. */
export type Bench = AsyncDisposable & {
  readonly host: Host;
  readonly folder: string;
  /** Writes an implementation, and gives it an executor of its own. */
  readonly implement: (text: string) => Promise<Implementation>;
};

/** Opens it. */
export async function openBench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-guard-'));
  const host = await createHost({ spareCount: 1 });
  let count = 0;
  return {
    host,
    folder,
    implement: async (text) => {
      count += 1;
      const filePath = join(folder, `implementation-${count}.ts`);
      await writeFile(filePath, text);
      return { filePath, text, executor: createLocalExecutor({ host, instances: 2 }), executorName: 'local' };
    },
    [Symbol.asyncDispose]: async () => {
      await host.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
