/**
 * What tenants used by day, as the host keeps it: sums of what is metered, which budgets are judged by.
 */

/**
 * What is metered. Of language models the subject of a row is the backend, of the network the plugin.
 *
 * @experimental
 */
export type Meter = 'llm_requests' | 'llm_input_tokens' | 'llm_output_tokens' | 'llm_usd' | 'egress_bytes';

/**
 * A sum of one day (UTC, `YYYY-MM-DD`). `llm_usd` counts what is known; tokens that no provider counted are estimated;
 * `egress_bytes` are those of URLs and bodies, both ways. `amount` is exact up to 2 to the 53.
 *
 * @experimental
 */
export type UsageRow = {
  readonly tenant_id: string;
  readonly day: string;
  readonly meter: Meter;
  readonly subject: string;
  readonly amount: number;
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
  /** Adds to the sums, those of one tenant, day, meter and subject among the rows included. */
  addUsage(rows: readonly UsageRow[]): Promise<void>;
  /** By day, then meter, then subject. */
  listUsage(query: UsageQuery): Promise<readonly UsageRow[]>;
}
