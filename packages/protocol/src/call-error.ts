/**
 * Errors as they are told: made from the rows of the error table, and asked for what a door says of them.
 */
import { ERRORS, type ErrorCode } from './errors.ts';
import type { CallError, LimitReached } from './outcome.ts';

/**
 * Tells whether the text is a code of the table.
 *
 * @public
 */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

/**
 * What one occurrence adds to its row: a message that names the value, a more exact hint, the limit reached, when to retry.
 *
 * @internal
 */
export type ErrorSpecifics = {
  readonly message?: string;
  readonly hint?: string;
  readonly limit?: LimitReached;
  readonly retryAfterMs?: number | undefined;
};

/**
 * Makes the CallError of a code; the row's own message and hint stand where the occurrence has nothing better.
 *
 * @internal
 */
export function callError(code: ErrorCode, specifics: ErrorSpecifics = {}): CallError {
  const row = ERRORS[code];
  const error = {
    kind: row.kind,
    code,
    message: specifics.message ?? row.message,
    hint: specifics.hint ?? row.hint,
    retryable: row.retryable,
  };
  const limited = specifics.limit === undefined ? error : { ...error, limit: specifics.limit };
  const { retryAfterMs } = specifics;
  return retryAfterMs === undefined ? limited : { ...limited, retry_after_ms: retryAfterMs };
}

/**
 * HTTP status of a code; 502 where a future code is not of this table.
 *
 * @public
 */
export function httpStatusOf(code: string): number {
  return isErrorCode(code) ? ERRORS[code].status : 502;
}
