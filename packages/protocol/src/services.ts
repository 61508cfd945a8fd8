/**
 * What a plugin asks of the host while it runs (DESIGN 8), as both sides write it. The channel carries every service in the
 * same two messages; what a service takes and gives is here, and judged by the host alone.
 */
import type { JsonObject, JsonValue } from './json.ts';

/**
 * A guest asks; `call` is the call that it works on and `event` the event, where it knows. Its ids are its own, and none of a call.
 *
 * @internal
 */
export type ServiceAsk = {
  readonly t: 'ask';
  readonly id: number;
  readonly call?: number;
  readonly event?: number;
  readonly service: string;
  readonly method: string;
  readonly args: JsonObject;
};

/**
 * What became of it. An error is one of the error table; the guest throws it.
 *
 * @internal
 */
export type ServiceAnswer =
  { readonly ok: true; readonly value: JsonValue } | { readonly ok: false; readonly error: ServiceError };

/**
 * An error as a plugin sees it: `kind` and `code` of the table, and never a text of another plugin's but a tool's own.
 *
 * @internal
 */
export type ServiceError = {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly retryable: boolean;
  /** When it is worth another try, in whole milliseconds, where that is known. */
  readonly retry_after_ms?: number;
};

/**
 * Something that happened (F004-4). `source` is the plugin that published it, or `host`; `tenant_id` is left out where it concerns
 * every tenant; `timestamp` is ISO 8601; `data` is any JSON, at most 16 KiB of it.
 *
 * @public
 */
export type PluginEvent = {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly tenant_id?: string;
  readonly timestamp: string;
  readonly data: JsonValue;
};

/**
 * Something that a plugin remembers for a tenant (X004-6). `content` is any JSON, at most 64 KiB of it; `timestamp` is
 * ISO 8601; `confidence` is 0 to 1; `related_artifacts` are ids of others of the same plugin.
 *
 * @public
 */
export type MemoryArtifact = {
  readonly id: string;
  readonly content: JsonValue;
  readonly source: string;
  readonly timestamp: string;
  readonly tags: readonly string[];
  readonly confidence: number;
  readonly related_artifacts: readonly string[];
};

/**
 * What several artifacts have in common; `confidence` is their mean, 0 where there are none.
 *
 * @public
 */
export type MemorySummary = {
  readonly summary: string;
  readonly count: number;
  readonly confidence: number;
  readonly sources: readonly string[];
  readonly tags: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
};
