/**
 * Figures over the results of an evaluation, such as latency, fairness or cost. A plugin lists its monitors under
 * `entry_points.monitors` (F002-18, F002-19).
 */
import type { JsonObject, MonitorContext, MonitorRecord, MonitorSummary } from '@bulkhead/protocol';
import type { ToolContext } from './context.ts';

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
