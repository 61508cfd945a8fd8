/**
 * What is thrown where somebody must mend what they wrote or named: a configuration, a checkpoint, an edit, a file or an option. What a
 * candidate or a model does wrong is never one of these: it is an outcome.
 */

/**
 * What is wrong: an archive that was asked for a program and has none, or its configuration; a backend that failed, or that nobody can open
 * as it was written; recorded or scripted answers; a state or a checkpoint that was not written by what reads it; an edit that fits in two
 * places, changes nothing, cannot be read, does not fit, or is too large; a program that nobody could run; an entry function that is changed or not there; a configuration
 * of a search; numbers that no fitness is made of; a journal of another search, or that cannot be read; a mutation that came to nothing;
 * a proposal of a repair that was changed after it was judged, or cannot be read; code outside of the regions that may change; a plugin or
 * calls that no repair can begin with; a run folder that is another run's, or was not written by what reads it; a selector of a plugin that
 * does not choose, one that nobody knows, or its configuration; a source that cannot be parsed; a file that
 * cannot be read or written.
 *
 * @public
 */
export type EvolveErrorCode =
  | 'ARCHIVE_EMPTY'
  | 'ARCHIVE_INVALID'
  | 'BACKEND_FAILED'
  | 'BACKEND_INVALID'
  | 'CASSETTE_INVALID'
  | 'CASSETTE_MISS'
  | 'CHECKPOINT_INVALID'
  | 'EDIT_AMBIGUOUS'
  | 'EDIT_EMPTY'
  | 'EDIT_INVALID'
  | 'EDIT_MISMATCH'
  | 'EDIT_TOO_LARGE'
  | 'ENTRY_CHANGED'
  | 'ENTRY_NOT_FOUND'
  | 'EVALUATION_FAILED'
  | 'EVOLVE_INVALID'
  | 'FITNESS_INVALID'
  | 'JOURNAL_INVALID'
  | 'JOURNAL_MISMATCH'
  | 'MUTATION_FAILED'
  | 'PROMPT_TOO_LARGE'
  | 'PROPOSAL_CHANGED'
  | 'PROPOSAL_INVALID'
  | 'REGION_CHANGED'
  | 'REGION_INVALID'
  | 'REPAIR_INVALID'
  | 'RUN_INVALID'
  | 'SCRIPT_EXHAUSTED'
  | 'SCRIPT_INVALID'
  | 'SELECTOR_FAILED'
  | 'SELECTOR_INVALID'
  | 'SOURCE_INVALID'
  | 'TARGET_INVALID';

/**
 * An error of whoever wrote or named what evolve was given; `code` is its identity.
 *
 * @public
 */
export class EvolveError extends Error {
  readonly code: EvolveErrorCode;

  constructor(code: EvolveErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EvolveError';
    this.code = code;
  }
}
