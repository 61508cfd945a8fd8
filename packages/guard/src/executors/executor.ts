/**
 * What an executor is: it runs one function of an implementation on one list of arguments, somewhere the implementation can do no
 * harm, and answers what came of it (F002-2 to F002-17). The contract is that of plugins, so that a plugin's executor and one of
 * ours are the same to an evaluation.
 */
import type { ExecutionResult, JsonObject, JsonValue } from '@bulkhead/protocol';

/**
 * How a run ended, with what it took beside time where the executor measured it.
 *
 * @public
 */
export type Execution = ExecutionResult & {
  readonly cpu_ms?: number;
  readonly peak_rss_bytes?: number;
  readonly tokens_total?: number;
  readonly cost_usd?: number;
};

/**
 * What an executor says of itself. Two of the same name and configuration are the same; `isDeterministic` says that the same code with
 * the same arguments is answered the same, so that an answer may be kept.
 *
 * @public
 */
export type ExecutorAbout = {
  readonly name: string;
  /** Without secrets. */
  readonly config: JsonObject;
  readonly isDeterministic: boolean;
};

/**
 * An executor. `execute` never rejects: what goes wrong is an answer with `success` false.
 *
 * @public
 */
export interface Executor {
  /** Where it is left out, nothing that it answers is kept. */
  readonly about?: ExecutorAbout;
  /**
   * Runs one function.
   *
   * @param filePath - Path of the implementation, or its content: a program, or a prompt for a model (F002-7, F002-17).
   * @param args - Positional, JSON.
   * @param timeoutS - Seconds that the run may take.
   * @param memMb - MiB that it may use; advisory (F002-8).
   * @param options - `signal` ends the run early; its answer is then of type `cancelled`. `isFollowUp`: a relation asks, and what the
   *   implementation kept of the run that it follows must not reach it, as far as the executor can see to that.
   */
  execute(
    filePath: string,
    funcName: string,
    args: readonly JsonValue[],
    timeoutS: number,
    memMb: number,
    options?: { readonly signal?: AbortSignal | undefined; readonly isFollowUp?: boolean },
  ): Promise<Execution>;
  /** Lets go of what it holds; safe to call twice. */
  close?(): Promise<void>;
}

/**
 * Categories of errors and their codes (X002-12). Of the first five the implementation is to blame; of the others whoever runs it:
 * a case that ends so says nothing of the implementation.
 */
export const EXECUTION_ERRORS = {
  timeout: { code: 'SANDBOX_TIMEOUT', blames: 'implementation' },
  process_exit: { code: 'SANDBOX_EXIT_CODE', blames: 'implementation' },
  out_of_memory: { code: 'SANDBOX_OUT_OF_MEMORY', blames: 'implementation' },
  parse_error: { code: 'SANDBOX_PARSE_ERROR', blames: 'implementation' },
  exception: { code: 'SANDBOX_UNHANDLED_EXCEPTION', blames: 'implementation' },
  unavailable: { code: 'UNAVAILABLE', blames: 'executor' },
  infrastructure: { code: 'SANDBOX_FAILED', blames: 'executor' },
  cancelled: { code: 'CANCELLED', blames: 'executor' },
  circuit_breaker_open: { code: 'circuit_breaker_open', blames: 'executor' },
  authentication_error: { code: 'authentication_error', blames: 'executor' },
  invalid_model: { code: 'invalid_model', blames: 'executor' },
  invalid_parameter: { code: 'invalid_parameter', blames: 'executor' },
  invalid_request: { code: 'invalid_request', blames: 'executor' },
  invalid_input: { code: 'invalid_input', blames: 'executor' },
} as const satisfies Readonly<
  Record<string, { readonly code: string; readonly blames: 'implementation' | 'executor' }>
>;

/**
 * A category of error, which is also `error_type`.
 *
 * @public
 */
export type ExecutionErrorType = keyof typeof EXECUTION_ERRORS;

/** What an executor answers where a run did not succeed. */
export function failed(
  type: ExecutionErrorType,
  error: string,
  measured: { readonly durationMs: number; readonly stdout?: string; readonly stderr?: string },
): Execution {
  return {
    success: false,
    error,
    duration_ms: measured.durationMs,
    stdout: measured.stdout ?? '',
    stderr: measured.stderr ?? '',
    error_type: type,
    error_code: EXECUTION_ERRORS[type].code,
  };
}

/** Tells whether a failed run says nothing of the implementation; a type that nobody knows is held against it. */
export function blamesExecutor(type: string | undefined): boolean {
  if (type === undefined || !Object.hasOwn(EXECUTION_ERRORS, type)) return false;
  return EXECUTION_ERRORS[type as ExecutionErrorType].blames === 'executor'; // It is one of the keys.
}
