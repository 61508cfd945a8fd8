/**
 * What is thrown where a task, its cases, a monitor, a record or a policy is wrong: somebody must mend it before anything can be judged.
 * What a candidate does wrong is never one of these; numbers throw `StatisticsError`.
 */

/**
 * What is wrong: the definition of a task, its code as it ran, its cases, or the name that was asked for; a monitor or executor that
 * nobody knows, an option that it does not take, or a record that no case can have; a policy as it was written or signed, or the folder
 * that policies are kept in; what an evaluation was asked for, or goes on from; a report, its case lines, its audit log, a pattern of
 * what is redacted, or a folder that takes no report; a source that cannot be parsed, or mutants that nobody can make of it.
 *
 * @public
 */
export type GuardErrorCode =
  | 'AUDIT_INVALID'
  | 'CASES_INVALID'
  | 'EVALUATION_CANCELLED'
  | 'EVALUATION_INVALID'
  | 'EXECUTOR_INVALID'
  | 'MONITOR_INVALID'
  | 'MONITOR_RECORD_INVALID'
  | 'MUTANTS_INVALID'
  | 'POLICY_HISTORY_BROKEN'
  | 'POLICY_INVALID'
  | 'POLICY_NOT_FOUND'
  | 'POLICY_SIGNATURE_INVALID'
  | 'POLICY_STORE_BUSY'
  | 'REDACTION_INVALID'
  | 'REPORT_INVALID'
  | 'REPORT_UNWRITABLE'
  | 'RESUME_MISMATCH'
  | 'SOURCE_INVALID'
  | 'TASK_EXISTS'
  | 'TASK_FAULT'
  | 'TASK_INVALID'
  | 'TASK_NOT_FOUND';

/**
 * An error of whoever wrote or named what guard was given; `code` is its identity.
 *
 * @public
 */
export class GuardError extends Error {
  override readonly name = 'GuardError';
  readonly code: GuardErrorCode;

  constructor(code: GuardErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
