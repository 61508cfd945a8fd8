/**
 * Which errors mean that the database is away, and the one place where they become a HostError. Decides on codes; on text
 * only where the driver gives no code. Answers of a database that is there, such as a broken constraint, pass unchanged.
 */
import { HostError } from '@bulkhead/host';

/**
 * SQLSTATE classes and system codes. 08 connection, 57P0 shutting down or starting, 53 out of disk, memory or
 * connections, 57014 the statement took too long, 58 its disk failed, 25006 read-only: a standby before its promotion.
 */
const AWAY =
  /^(?:08|53|57P0|57014|58|25006|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_STREAM_DESTROYED)/;

/** Of those, the ones after which the connection is as good as before. */
const CONNECTION_STANDS = /^(?:53|57014|25006)/;

/** pg's own errors without a code: https://github.com/brianc/node-postgres, client.js and pg-pool. */
const AWAY_WITHOUT_CODE =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed and is not queryable|Cannot use a pool after)/;

/**
 * Tells whether the error says that the database did not answer, or cannot at present; also of one already translated.
 *
 * @internal
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof HostError) return error.code === 'STORAGE_UNAVAILABLE';
  const { code, message } = wordsOf(error);
  return code === '' ? AWAY_WITHOUT_CODE.test(message) : AWAY.test(code);
}

/** Tells whether the connection that gave this error may still be busy with the query, or is gone. */
export function isConnectionLost(error: unknown): boolean {
  return isUnavailable(error) && !CONNECTION_STANDS.test(wordsOf(error).code);
}

/**
 * Returns `STORAGE_UNAVAILABLE` for an error that says so, with the driver's as its cause, and any other as it is.
 *
 * @remarks The message is the table's: the driver's names addresses, which a caller is not to read. One that was met in
 *   COMMIT leaves open whether the change was made, so whoever tries again must find its own earlier change.
 * @internal
 */
export function toStorageFault(error: unknown): unknown {
  if (error instanceof HostError || !isUnavailable(error)) return error;
  return new HostError('STORAGE_UNAVAILABLE', { cause: error, details: wordsOf(error) });
}

function wordsOf(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: '', message: '' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code, message: error.message };
}
