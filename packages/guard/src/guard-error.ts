/**
 * What is thrown where a definition or a record that guard is given cannot be worked with. Numbers throw `StatisticsError`.
 */

/**
 * What is wrong: a monitor that nobody knows or an option that it does not take, or a record that no case can have.
 *
 * @public
 */
export type GuardErrorCode = 'MONITOR_INVALID' | 'MONITOR_RECORD_INVALID';

/**
 * A definition that cannot be used; `code` is its identity.
 *
 * @public
 */
export class GuardError extends Error {
  override readonly name = 'GuardError';
  readonly code: GuardErrorCode;

  constructor(code: GuardErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
