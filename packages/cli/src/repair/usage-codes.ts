/**
 * Which errors of evolve whoever typed `repair` can mend, as wrong usage; the others are an answer that was looked for and not found.
 */
import { EvolveError, type EvolveErrorCode } from '@bulkhead/evolve';
import { EXIT_FAILED } from '../exit-codes.ts';
import { plain } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

const USAGE_CODES: readonly EvolveErrorCode[] = [
  'BACKEND_INVALID',
  'CASSETTE_INVALID',
  'PROMPT_TOO_LARGE',
  'PROPOSAL_INVALID',
  'REGION_INVALID',
  'REPAIR_INVALID',
  'SCRIPT_INVALID',
  'SOURCE_INVALID',
  'TARGET_INVALID',
];

/** Says an error of evolve and answers the exit code. @throws {UsageError} for what its user can mend, and what is no error of evolve. */
export function explainEvolve(error: unknown, { say, talkColors }: Terminal): number {
  if (!(error instanceof EvolveError)) throw error;
  const message = `${error.message} (${error.code})`;
  if (USAGE_CODES.includes(error.code)) throw new UsageError(message);
  say(`${talkColors.red('bulkhead:')} ${plain(message)}`);
  return EXIT_FAILED;
}
