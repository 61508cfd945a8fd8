/**
 * Implementations as files in a folder of their own, with an executor for each, as an evaluation takes them.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import { createLocalExecutor, type EvaluationClock, type Implementation } from '@bulkhead/guard';

/** A host with a folder beside it; disposing ends both. */
export type Workshop = AsyncDisposable & {
  readonly host: Host;
  readonly folder: string;
  /** Writes a text and opens an executor for it, with so many guests (1). */
  readonly implement: (text: string, instances?: number) => Promise<Implementation>;
};

/** The clock of the machine. */
export const CLOCK: EvaluationClock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  startTimer: (delayMs, didElapse) => {
    const timer = setTimeout(didElapse, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Opens one. */
export async function openWorkshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-guard-'));
  const host = await createHost();
  let count = 0;
  return {
    host,
    folder,
    implement: async (text, instances = 1) => {
      count += 1;
      const filePath = join(folder, `implementation-${count}.ts`);
      await writeFile(filePath, text);
      return { filePath, text, executor: createLocalExecutor({ host, instances }), executorName: 'local' };
    },
    [Symbol.asyncDispose]: async () => {
      await host.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
