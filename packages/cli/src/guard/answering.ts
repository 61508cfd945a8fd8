/**
 * How the verbs of guard end: 0, 1 and 3 are verdicts, so that everything that kept one from being reached is 2.
 */
import { GuardError } from '@bulkhead/guard';
import { StatisticsError } from '@bulkhead/guard/statistics';
import { isCodedError } from '../coded-error.ts';
import { EXIT_INTERRUPTED, EXIT_USAGE } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** Runs a verb. @throws {UsageError} for what its user can mend. */
export async function answering(terminal: Terminal, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof GuardError && error.code === 'EVALUATION_CANCELLED') {
      terminal.say(error.message);
      return EXIT_INTERRUPTED;
    }
    if (error instanceof GuardError || error instanceof StatisticsError) {
      throw new UsageError(`${error.message} (${error.code})`);
    }
    if (isCodedError(error)) throw new UsageError(`${error.message} (${error.code})`, error.hint);
    const stack = error instanceof Error ? error.stack : String(error);
    terminal.say(`bulkhead: this should not have happened; please report it\n${stack}`);
    return EXIT_USAGE;
  }
}
