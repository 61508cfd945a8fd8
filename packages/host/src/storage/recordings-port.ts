/**
 * Calls that a tenant's administrator lets be recorded, as the host stores them: what an evaluation takes its cases from. Which share
 * of calls is recorded is the catalogue's; what was recorded is bounded by `prune`, by a number of rows, and by its tenant and plugin.
 */
import type { JsonValue, OutcomeKind } from '@bulkhead/protocol';

/**
 * A call that reached its plugin, without what is secret. `id` is the call's own. `value_sha256` is of the canonical JSON of the
 * value, hex, null where there is none; `result` holds the value itself where that is small. Times are ISO 8601.
 *
 * @experimental
 */
export type RecordedCall = {
  readonly id: string;
  readonly tenant_id: string;
  readonly plugin_name: string;
  readonly plugin_version: string;
  readonly tool: string;
  readonly params: JsonValue;
  readonly outcome: 'ok' | OutcomeKind;
  /** Of the error; null where there was none. */
  readonly code: string | null;
  readonly value_sha256: string | null;
  readonly result: { readonly value: JsonValue } | null;
  readonly duration_ms: number;
  readonly recorded_at: string;
};

/**
 * Whose calls of which plugin.
 *
 * @experimental
 */
export type RecordingOwner = { readonly tenant_id: string; readonly plugin_name: string };

/**
 * Which recorded calls are wanted, newest first.
 *
 * @experimental
 */
export type RecordingQuery = RecordingOwner & { readonly tool?: string; readonly rowsMax: number };

/**
 * How many calls of a tool are recorded.
 *
 * @experimental
 */
export type RecordingCount = { readonly tool: string; readonly calls: number };

/**
 * The recordings' part of the Storage port. `forget_recordings` of a commit removes them, and so does whatever removes their tenant,
 * registration or plugin.
 *
 * @experimental
 */
export interface RecordingStorage {
  /** Stores calls, of which one that is there stays; of each tenant and plugin at most `rowsMax` are kept, the newest by their ids. */
  addRecordings(rows: readonly RecordedCall[], rowsMax: number): Promise<void>;
  listRecordings(query: RecordingQuery): Promise<readonly RecordedCall[]>;
  /** By tool, sorted by its name. */
  countRecordings(owner: RecordingOwner): Promise<readonly RecordingCount[]>;
}
