/**
 * What tenants used of language models, as the host keeps it: sums by day and backend, which budgets are judged by.
 */

/**
 * Sums of one day (UTC, `YYYY-MM-DD`). `cost_usd` counts what is known; tokens that no provider counted are estimated.
 *
 * @experimental
 */
export type UsageRow = {
  readonly tenant_id: string;
  readonly day: string;
  readonly backend: string;
  readonly requests: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cost_usd: number;
};

/**
 * Whose sums of which days, both ends included.
 *
 * @experimental
 */
export type UsageQuery = { readonly tenant_id: string; readonly from: string; readonly to: string };

/**
 * The usage's part of the Storage port.
 *
 * @experimental
 */
export interface UsageStorage {
  /** Adds to the sums, those of one tenant, day and backend among the rows included. */
  addUsage(rows: readonly UsageRow[]): Promise<void>;
  /** By day, then backend. */
  listUsage(query: UsageQuery): Promise<readonly UsageRow[]>;
}
