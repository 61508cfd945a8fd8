/**
 * What is thrown where a mutation cannot be made as it was asked for, or an edit does not fit the source that it was written for.
 * Each is for whoever wrote the edit, the file or the option that the message names.
 */

/**
 * What is wrong: a backend that failed, or that nobody can open as it was written; recorded or scripted answers; an edit that fits in
 * two places, changes nothing, cannot be read, does not fit, or is too large; an entry function that is changed or not there; a
 * mutation that came to nothing; code outside of the regions that may change; a source that cannot be parsed; a file that cannot be
 * read or written.
 *
 * @public
 */
export type EvolveErrorCode =
  | 'BACKEND_FAILED'
  | 'BACKEND_INVALID'
  | 'CASSETTE_INVALID'
  | 'CASSETTE_MISS'
  | 'EDIT_AMBIGUOUS'
  | 'EDIT_EMPTY'
  | 'EDIT_INVALID'
  | 'EDIT_MISMATCH'
  | 'EDIT_TOO_LARGE'
  | 'ENTRY_CHANGED'
  | 'ENTRY_NOT_FOUND'
  | 'MUTATION_FAILED'
  | 'PROMPT_TOO_LARGE'
  | 'REGION_CHANGED'
  | 'REGION_INVALID'
  | 'SCRIPT_EXHAUSTED'
  | 'SCRIPT_INVALID'
  | 'SOURCE_INVALID'
  | 'TARGET_INVALID';

/**
 * An error of whoever wrote or named what evolve was given; `code` is its identity.
 *
 * @public
 */
export class EvolveError extends Error {
  override readonly name = 'EvolveError';
  readonly code: EvolveErrorCode;

  constructor(code: EvolveErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
