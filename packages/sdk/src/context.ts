/**
 * What the host hands to a plugin. Everything here is carried over the channel and checked by the host;
 * nothing here reaches a file, a socket or another tenant.
 */
import type { JsonObject } from '@bulkhead/protocol';

/** Writes lines to the plugin's own log, where the operator reads them. A line is cut at 10,000 characters. */
export interface Logger {
  debug(message: string, fields?: JsonObject): void;
  info(message: string, fields?: JsonObject): void;
  warn(message: string, fields?: JsonObject): void;
  error(message: string, fields?: JsonObject): void;
}

/** What a plugin has for its whole life (X003-1, F004-5). */
export interface PluginContext {
  /**
   * The tenant whose instance this is. An instance that serves all of them (scope `shared`, where the operator allows it) has
   * none outside of calls: then it is `*shared`.
   */
  readonly tenantId: string;
  /**
   * The registration's configuration over the manifest's `config`; of an instance that serves all tenants the manifest's alone,
   * and each call's context has its tenant's. Live: read it when it is needed, since a new
   * configuration replaces what is seen here without a reload. Frozen.
   */
  readonly config: JsonObject;
  readonly logger: Logger;
  /** Aborted when the instance is asked to stop. */
  readonly signal: AbortSignal;
}

/** What one call has (X003-1). The optional fields are there where the caller sent them. */
export interface ToolContext {
  /** Whom the call is for. */
  readonly tenantId: string;
  readonly userId?: string;
  readonly conversationId?: string;
  readonly traceId?: string;
  readonly config: JsonObject;
  readonly logger: Logger;
  /** Aborted at the deadline or when the caller cancels; 250 ms later the instance is killed. */
  readonly signal: AbortSignal;
}

/** What a hook's handler has; a hook runs in the calling tenant's own instance. */
export type HookContext = ToolContext;
