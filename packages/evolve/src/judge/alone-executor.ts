/**
 * Runs each case in a guest that is there for it alone: while one side of a comparison is measured, nothing of the other is alive, so that
 * neither can slow the other down, nor keep anything from one case to the next.
 */
import { createLocalExecutor, type Executor } from '@bulkhead/guard';
import type { Host } from '@bulkhead/host';

/** Makes it. A run takes the start of a guest longer than one of the local executor; its duration is that of the run. */
export function createAloneExecutor(host: Pick<Host, 'openHarness'>): Executor {
  return {
    about: { name: 'local', config: { guests: 'one for each run' }, isDeterministic: false },
    // oxlint-disable-next-line max-params -- The signature is the contract's (F002-6).
    execute: async (filePath, funcName, args, timeoutS, memMb, options) => {
      const executor = createLocalExecutor({ host });
      try {
        return await executor.execute(filePath, funcName, args, timeoutS, memMb, options);
      } finally {
        await executor.close?.();
      }
    },
  };
}
