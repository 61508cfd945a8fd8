/**
 * What goes wrong in a verb of evolve, as whoever typed it is told.
 */
import { EvolveError, type EvolveErrorCode } from '@bulkhead/evolve';
import { GuardError } from '@bulkhead/guard';
import { StatisticsError } from '@bulkhead/guard/statistics';
import { EXIT_FAILED } from '../exit-codes.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What an answer was looked for and not found is no wrong usage. */
const NOT_USAGE: readonly EvolveErrorCode[] = ['BACKEND_FAILED', 'MUTATION_FAILED', 'SELECTOR_FAILED'];

/** @throws {UsageError} for what whoever typed it can mend. */
export async function telling(terminal: Terminal, doing: () => Promise<number>): Promise<number> {
  try {
    return await doing();
  } catch (error) {
    if (error instanceof GuardError || error instanceof StatisticsError)
      throw new UsageError(`${error.message} (${error.code})`);
    if (!(error instanceof EvolveError)) throw error;
    if (!NOT_USAGE.includes(error.code)) throw new UsageError(`${error.message} (${error.code})`);
    terminal.say(`${terminal.talkColors.red('bulkhead:')} ${plain(error.message)} (${error.code})`);
    return EXIT_FAILED;
  }
}
