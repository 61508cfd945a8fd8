/**
 * A task and its result, as they cross every wall: queue, database, HTTP and sandbox (X000-1 to X000-5).
 */
import type { JsonObject } from './json.ts';

/**
 * Kinds of tasks. New ones are appended, and none is used again for something else (X000-1).
 *
 * @experimental
 */
export const TASK_KINDS = ['render', 'mutate', 'execute', 'evaluate'] as const;
/**
 * A word of {@link TASK_KINDS}.
 *
 * @experimental
 */
export type TaskKind = (typeof TASK_KINDS)[number];

/**
 * The version of the schema of {@link Task} and {@link Result}; a breaking change adds one (F000-33).
 *
 * @experimental
 */
export const TASK_SCHEMA_VERSION = 1;

/**
 * One piece of work for a worker (F000-8, X000-2).
 *
 * @experimental
 */
export type Task = {
  readonly kind: TaskKind;
  /** `^[0-9a-f]{16,}$`; unique. */
  readonly id: string;
  readonly payload: JsonObject;
  /** Capability tags that whoever handles it must have; no order, none twice. */
  readonly requires: readonly string[];
  /** Attempts that failed so far. */
  readonly attempts: number;
  /** ISO 8601, UTC, whole seconds, with `Z`. */
  readonly created_at: string;
  readonly schema_v: number;
};

/**
 * Words for how a task ended: `skip` leaves it to another worker.
 *
 * @experimental
 */
export const RESULT_STATUSES = ['ok', 'error', 'skip'] as const;
/**
 * A word of {@link RESULT_STATUSES}.
 *
 * @experimental
 */
export type ResultStatus = (typeof RESULT_STATUSES)[number];

/**
 * How a task ended (F000-7, X000-3). In `data` of an error, `retryable` says whether it is worth another attempt (X000-10).
 *
 * @experimental
 */
export type Result = {
  readonly task_id: string;
  readonly status: ResultStatus;
  readonly data: JsonObject;
  readonly created_at: string;
  /** At least 1. */
  readonly attempts: number;
};
