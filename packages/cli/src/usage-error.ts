/**
 * The error for whoever typed the command: wrong usage, exit code 2.
 */

/** Thrown by verbs and configuration; `hint` is the next step. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
