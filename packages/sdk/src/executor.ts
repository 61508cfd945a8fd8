/**
 * How a candidate is run. A plugin lists its executors under `entry_points.executors` (F002-2 to F002-17).
 */
import type { ExecutionResult, JsonObject, JsonValue } from '@bulkhead/protocol';
import type { ToolContext } from './context.ts';

/**
 * What every executor is (F002-4). It lives in the sandbox, once per instance.
 *
 * @experimental
 */
export abstract class Executor {
  readonly config: JsonObject;

  /** @param config - Of the plugin's registration; stored as `{}` where there is none (F002-5). */
  constructor(config?: JsonObject | null) {
    this.config = config ?? {};
  }

  /**
   * Runs one function of a candidate. What the candidate does wrong is a result with success false and never a throw.
   *
   * @param filePath - Path of the implementation, or its content: a program, or a prompt for a model (F002-7, F002-17).
   * @param args - Positional, JSON.
   * @param timeoutS - Seconds that the run may take.
   * @param memMb - MiB that it may use; advisory (F002-8).
   */
  // oxlint-disable-next-line max-params -- The signature is the contract's (F002-6).
  abstract execute(
    filePath: string,
    funcName: string,
    args: readonly JsonValue[],
    timeoutS: number,
    memMb: number,
    context: ToolContext,
  ): ExecutionResult | Promise<ExecutionResult>;
}
