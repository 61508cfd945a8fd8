/**
 * What the host hands to a plugin. Everything here is carried over the channel and checked by the host;
 * nothing here reaches a file, a socket or another tenant.
 */
import type { JsonObject, JsonValue, MemoryArtifact, MemorySummary } from '@bulkhead/protocol';
import type { Client } from './client.ts';
import type { RunCommand } from './commands.ts';
import type { Events } from './events.ts';
import type { LanguageModel } from './language-model.ts';
import type { Resources, Threads } from './threads.ts';

/**
 * Writes lines to the plugin's own log, where the operator reads them. A line is cut at 10,000 characters.
 *
 * @public
 */
export interface Logger {
  debug(message: string, fields?: JsonObject): void;
  info(message: string, fields?: JsonObject): void;
  warn(message: string, fields?: JsonObject): void;
  error(message: string, fields?: JsonObject): void;
}

/**
 * What is known of an artifact beside its content.
 *
 * @public
 */
export interface MemoryFacts {
  /** Where it is from, 1 to 128 characters; the plugin's name where it is left out. */
  readonly source?: string;
  /** At most 32, of 1 to 128 characters each. */
  readonly tags?: readonly string[];
  /** 0 to 1; 1 where it is left out. */
  readonly confidence?: number;
  /** Ids of artifacts of this plugin, at most 64. */
  readonly related?: readonly string[];
}

/**
 * Which artifacts are wanted.
 *
 * @public
 */
export interface MemoryWanted {
  /** All of them must be on an artifact. */
  readonly tags?: readonly string[];
  readonly source?: string;
  /** 0 to 1. */
  readonly minConfidence?: number;
  /** Only what comes after this one, newest first: give the last artifact of an answer to read on. It need not be there any more. */
  readonly before?: Pick<MemoryArtifact, 'timestamp' | 'id'>;
  /** 1 to 100; 10 where it is left out. */
  readonly limit?: number;
  /** Another plugin of the same tenant; needs the permission `memory.read:<plugin>`. */
  readonly plugin?: string;
}

/**
 * What a plugin remembers for the tenant that it serves (F004-2, X004-6), kept over restarts. A plugin has 10,000 artifacts for a
 * tenant at most; beyond that the least certain go, of those the oldest. Every method rejects with an Error that has `kind` and
 * `code` where the host refuses it, such as `PERMISSION_NOT_GRANTED`, `SERVICE_ASK_INVALID` or `STORAGE_UNAVAILABLE`.
 *
 * @public
 */
export interface Memory {
  /** Keeps JSON of at most 64 KiB; resolves with its id once it is durable. */
  store(content: JsonValue, facts?: MemoryFacts): Promise<string>;
  /**
   * Finds artifacts, newest first. Each word of the text must be somewhere in the content or the tags, in any case; no text finds
   * all.
   */
  query(text?: string, wanted?: MemoryWanted): Promise<readonly MemoryArtifact[]>;
  get(id: string, of?: Pick<MemoryWanted, 'plugin'>): Promise<MemoryArtifact | undefined>;
  /** What the artifact names, what that names, and so on, nearest first; 1 to 8 levels, 2 where it is left out. Circles end. */
  related(
    id: string,
    wanted?: Pick<MemoryWanted, 'limit' | 'plugin'> & { readonly maxDepth?: number },
  ): Promise<readonly MemoryArtifact[]>;
  /** What at most 100 artifacts have in common: a line of each of the newest, mean confidence, sources, tags. */
  summarize(ids: readonly string[], of?: Pick<MemoryWanted, 'plugin'>): Promise<MemorySummary>;
  /** Resolves with whether it was there. */
  remove(id: string): Promise<boolean>;
}

/**
 * Calls a tool of another plugin for the same tenant, and resolves with its value. Needs the permission `call:<plugin>`, and that the
 * tenant has that plugin enabled; within a call it has that call's time, caller and scopes. It rejects with an Error that has
 * `kind` and `code` of the outcome, or `CALL_CIRCULAR` and `CALL_TOO_DEEP`; a hook cannot use it.
 *
 * @public
 */
export type CallTool =
  // oxlint-disable-next-line max-params -- it reads as the call that it is, with its options last
  <Value extends JsonValue = JsonValue>(
    plugin: string,
    tool: string,
    params?: JsonValue,
    options?: { readonly timeoutMs?: number },
  ) => Promise<Value>;

/**
 * Levels of a logger, least first.
 *
 * @public
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * What a plugin has for its whole life (X003-1, F004-5).
 *
 * @public
 */
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
  readonly memory: Memory;
  readonly callTool: CallTool;
  /** A command in a sandbox of its own; needs the permission `children`. */
  readonly run: RunCommand;
  /** Language models; needs the permission `llm`. */
  readonly llm: LanguageModel;
  readonly events: Events;
  /** Tells clients that subscribed to one of the plugin's resources that it has changed. */
  resourceUpdated(uri: string): void;
  /** Work beside the calls; needs the permission `threads`. */
  readonly threads: Threads;
  /** Reads what the instance uses of what it may. */
  resources(): Resources;
  /**
   * For each secret that plugin.json declares and the tenant has set, a placeholder: put it where the value belongs in a request, and
   * the host puts the value in on the way out, for the hosts that the secret is for. Nobody can read the value from it. Empty unless
   * the registration was granted `secrets`; of an instance that serves all tenants only within calls. Frozen.
   */
  readonly secrets: Readonly<Record<string, string>>;
  /**
   * An empty folder of the instance's own to write in, below which `node:fs` works: 64 MiB in 1,000 files of at most 8 MiB. It goes
   * with the instance, with scope `call` after the call. Undefined unless the registration was granted `temp_dir`, and where one
   * instance serves all tenants.
   */
  readonly tempDir?: string | undefined;
  /**
   * Calls the listener with each new configuration, until the returned function is called. One that throws is told in the log. An
   * instance that serves all tenants hears nothing: each call brings its own.
   */
  onConfigChange(listener: (config: JsonObject) => unknown): () => void;
  /**
   * Says what the logger of this instance leaves out (F004-16, F004-25): lines below the level. Until it is called that is
   * `config.log_level`, in any case of letters and as it is now; without one everything is said.
   */
  setLogLevel(level: LogLevel): void;
}

/**
 * What one call has (X003-1). The optional fields are there where the caller sent them.
 *
 * @public
 */
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
  readonly memory: Memory;
  readonly callTool: CallTool;
  /** A command in a sandbox of its own; needs the permission `children`. */
  readonly run: RunCommand;
  /** Language models; needs the permission `llm`. */
  readonly llm: LanguageModel;
  readonly events: Events;
  /**
   * Says how far the call is, in units of the plugin's own, towards `total` where that is known; whoever waits for the call sees it.
   * The newest counts: what is said within 100 ms of the last is held back, and skipped when more is said.
   */
  progress(progress: number, of?: { readonly total?: number; readonly message?: string }): void;
  /** Whoever made the call, where that is an MCP client that can be asked. */
  readonly client: Client;
  /** Tells clients that subscribed to one of the plugin's resources that it has changed. */
  resourceUpdated(uri: string): void;
  /** Work beside the calls; needs the permission `threads`. */
  readonly threads: Threads;
  /** Reads what the instance uses of what it may. */
  resources(): Resources;
  /**
   * For each secret that plugin.json declares and the tenant has set, a placeholder: put it where the value belongs in a request, and
   * the host puts the value in on the way out, for the hosts that the secret is for. Nobody can read the value from it. Empty unless
   * the registration was granted `secrets`; of an instance that serves all tenants only within calls. Frozen.
   */
  readonly secrets: Readonly<Record<string, string>>;
  /**
   * An empty folder of the instance's own to write in, below which `node:fs` works: 64 MiB in 1,000 files of at most 8 MiB. It goes
   * with the instance, with scope `call` after the call. Undefined unless the registration was granted `temp_dir`, and where one
   * instance serves all tenants.
   */
  readonly tempDir?: string | undefined;
}

/**
 * What a hook's handler has; a hook runs in the calling tenant's own instance.
 *
 * @public
 */
export type HookContext = ToolContext;
