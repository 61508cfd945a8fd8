/**
 * Errors by their code. What the host throws is told by it, because a class would have to be loaded to be asked for, and
 * the host is loaded only by verbs that need it.
 */
import { isErrorCode, type ErrorCode, type Finding } from '@bulkhead/protocol';

/** What a HostError says, and whatever says the same. */
export type CodedError = Error & {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly findings: readonly Finding[];
};

/** Tells whether it was thrown for whoever must act: it has a code of the error table, and the next step. */
export function isCodedError(error: unknown): error is CodedError {
  if (!(error instanceof Error)) return false;
  const { code, hint, findings } = error as Partial<CodedError>; // Each is looked at below.
  return typeof code === 'string' && isErrorCode(code) && typeof hint === 'string' && Array.isArray(findings);
}
