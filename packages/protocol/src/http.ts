/**
 * Bodies of the HTTP planes that are not an Outcome (DESIGN 9).
 */
import type { BreakerState, HealthWord, LifecycleState } from './state.ts';
import type { Tier } from './receipt.ts';

/**
 * Health of one plugin (F001-41, F001-42, X001-2). The first four fields are always there; the others where known.
 * Times are milliseconds, `last_used` is ISO 8601, the average is over the last 10 runs.
 *
 * @public
 */
export type PluginHealth = {
  readonly name: string;
  readonly state: LifecycleState;
  readonly success_count: number;
  readonly error_count: number;
  readonly description?: string;
  readonly reason?: string;
  readonly version?: string;
  readonly uptime_seconds?: number;
  readonly last_used?: string;
  readonly last_execution_time_ms?: number;
  readonly avg_execution_time_ms?: number;
  readonly health?: HealthWord;
  /** Why `health` is that word: the plugin's own text, or the host's. */
  readonly health_message?: string;
  readonly breaker?: BreakerState;
  readonly tier?: Tier;
};

/**
 * Body of a health or admin error: `detail` is a sentence of CONTRACTS, `code` is of the error table.
 *
 * @public
 */
export type ErrorBody = { readonly detail: string; readonly code: string; readonly hint: string };

/**
 * Body of a tool call.
 *
 * @public
 */
export type ToolCallBody = {
  readonly params?: unknown;
  readonly timeout_ms?: number;
  readonly idempotency_key?: string;
};
