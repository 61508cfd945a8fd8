/**
 * The error for whoever must act: the caller of the embedding API, or the operator. What became of a call is an
 * Outcome and never this; a bug of ours is an {@link assertInvariant} and never this.
 */
import {
  ERRORS,
  type ConsentAsked,
  type ErrorCode,
  type Finding,
  type LimitReached,
  type ReleaseDifferences,
} from '@bulkhead/protocol';

/**
 * What one occurrence adds to its row of the error table.
 *
 * @public
 */
export type HostErrorOptions = {
  /** What happened, with the value and what was expected; the table's message where there is nothing better. */
  readonly message?: string;
  readonly hint?: string;
  /** What a review or a manifest check found, where that is why. */
  readonly findings?: readonly Finding[];
  /** The bound that was reached, where one was. */
  readonly limit?: LimitReached;
  /** When it is worth another try, in whole milliseconds, where that is known. */
  readonly retryAfterMs?: number;
  /** What somebody has to consent to, where that is why. */
  readonly consent?: ConsentDetails;
  /** For the log only; never leaves in a body. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
};

/**
 * What a release asks for beyond the one in use, and all in which it differs.
 *
 * @public
 */
export type ConsentDetails = { readonly asks_for: ConsentAsked; readonly differences: ReleaseDifferences };

/**
 * Thrown by the embedding API and the install flow; `code` is of the error table and is its identity.
 *
 * @public
 */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly findings: readonly Finding[];
  readonly limit: LimitReached | undefined;
  readonly retryAfterMs: number | undefined;
  readonly consent: ConsentDetails | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, options: HostErrorOptions = {}) {
    super(options.message ?? ERRORS[code].message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? ERRORS[code].hint;
    this.findings = options.findings ?? [];
    this.limit = options.limit;
    this.retryAfterMs = options.retryAfterMs;
    this.consent = options.consent;
    this.details = options.details ?? {};
  }
}

/** Throws where something that our own code guarantees is not so. Ends the smallest unit that can be discarded. */
export function assertInvariant(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${what}`);
}

/** Returns the `code` of a system error such as ENOENT, or undefined. */
export function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
