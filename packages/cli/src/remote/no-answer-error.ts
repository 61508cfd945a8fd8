/**
 * A server that does not answer as Bulkhead does, or not at all: the code that it would have, and the next step.
 */
import { ERRORS, type Finding } from '@bulkhead/protocol';

/** Thrown where nothing that a Bulkhead says came back; exit code 1. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  readonly code = 'HOST_CLOSED';
  readonly hint: string;
  readonly findings: readonly Finding[] = [];

  constructor(message: string, { hint, cause }: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, { cause });
    this.hint = hint ?? ERRORS.HOST_CLOSED.hint;
  }
}
