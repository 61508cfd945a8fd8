/**
 * Figures over the results of an evaluation, such as latency, fairness or cost. A plugin lists its monitors under
 * `entry_points.monitors` (F002-18, F002-19).
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { ToolContext } from './context.ts';

/**
 * What is about to be evaluated (F002-22, X002-11).
 *
 * @experimental
 */
export type MonitorContext = { readonly task: string; readonly total_cases: number };

/**
 * One result of one side of one test case (F002-23, X002-11).
 *
 * @experimental
 */
export type MonitorRecord = {
  /** From 0. */
  readonly case_index: number;
  readonly role: 'baseline' | 'candidate';
  readonly duration_ms: number;
  readonly success: boolean;
  /** What the executor answered. */
  readonly result: JsonObject;
};

/**
 * Something that whoever decides should see, such as `{ type: 'latency_regression', ratio: 1.4 }` (X002-10).
 *
 * @experimental
 */
export type MonitorAlert = JsonObject & { readonly type: string };

/**
 * What a monitor found (F002-24). `alerts` is empty where all is fine.
 *
 * @experimental
 */
export type MonitorSummary = {
  /** The monitor's {@link Monitor.identifier}. */
  readonly id: string;
  readonly summary: JsonObject;
  readonly alerts: readonly MonitorAlert[];
};

/**
 * What an entry point, or its module, may say of itself as `PLUGIN_METADATA` (F002-26 to F002-29).
 *
 * @experimental
 */
export type EntryMetadata = {
  readonly name: string;
  readonly version: string;
  /** Asks for a process of its own; every plugin has one anyway. */
  readonly sandbox?: boolean;
};

/**
 * What every monitor is; any object with these methods will do (F002-20). One object lives as long as its instance, and
 * `start` begins anew. With `"limits": { "instances": 1 }` all records of a tenant come to the same one.
 *
 * @experimental
 */
export abstract class Monitor {
  readonly config: JsonObject;

  /** @param config - Of the plugin's registration; take from it by name, as in `constructor({ percentile = 0.95 })` (F002-21). */
  constructor(config?: JsonObject | null) {
    this.config = config ?? {};
  }

  /** Begins: what was recorded before is forgotten. */
  abstract start(context: MonitorContext, call: ToolContext): void | Promise<void>;

  /** Takes one result. */
  abstract record(record: MonitorRecord, call: ToolContext): void | Promise<void>;

  /** Says what it found. */
  abstract finalize(call: ToolContext): MonitorSummary | Promise<MonitorSummary>;

  /** Name of its figures in a report; the name of the class where it is not overridden (F002-25). */
  identifier(): string {
    return this.constructor.name;
  }
}
