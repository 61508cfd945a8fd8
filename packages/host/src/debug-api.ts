/**
 * What an embedder sees of a plugin at work: its logs, its instances and their threads.
 */
import type { JsonObject, LogLevel, Manifest, PluginHealth, Tier } from '@bulkhead/protocol';
import type { JournalSource } from './journal/journal.ts';
import type { RefusedAttempt } from './refusals/refusals.ts';
import type { LastHealth } from './registry/health.ts';
import type { Transition } from './registry/history.ts';
import type { ThreadView } from './services/threads.ts';
import type { LedgerRow } from './storage/records-port.ts';

/**
 * A line of a plugin's log; `cursor` is what a reader goes on after.
 *
 * @public
 */
export type PluginLogLine = {
  readonly cursor: string;
  readonly at: string;
  readonly source: JournalSource;
  readonly level: LogLevel | null;
  readonly text: string;
  readonly fields: JsonObject | null;
  readonly instance_id: string | null;
  readonly call_id: string | null;
};

/**
 * Lines in their order; `next` is what to go on after. `has_gap`: lines before these are no longer kept.
 *
 * @public
 */
export type PluginLogPage = {
  readonly lines: readonly PluginLogLine[];
  readonly next: string;
  readonly has_gap: boolean;
};

/**
 * The logs of plugins, in memory, by tenant; whoever reads one answers for being allowed to.
 *
 * @public
 */
export type PluginLogs = {
  /** Reads the newest lines, or the first ones after a cursor; one of an earlier host stands for its beginning. */
  readonly read: (
    plugin: string,
    wanted: {
      readonly tenant: string;
      readonly after?: string | undefined;
      readonly linesMax: number;
      /** Who reads is shown the server's folders, and what instances said that serve every tenant. */
      readonly isPlatform?: boolean;
    },
  ) => PluginLogPage;
  /** Calls `didAdd` after each new line until the returned function is called. */
  readonly watch: (
    plugin: string,
    wanted: { readonly tenant: string; readonly isPlatform?: boolean },
    didAdd: () => void,
  ) => () => void;
};

/**
 * One instance of a plugin; figures are null where they are not known. `pid` is for the platform alone, and so are instances
 * that serve every tenant (`shared`).
 *
 * @public
 */
export type PluginInstance = {
  readonly instance_id: string;
  readonly scope: Manifest['sandbox']['scope'];
  readonly pid?: number;
  readonly version: string;
  readonly digest: string;
  readonly tier: Tier;
  readonly state: string;
  readonly uptime_seconds: number;
  readonly calls_in_flight: number;
  readonly cpu_ms: number | null;
  readonly rss_bytes: number | null;
  readonly peak_rss_bytes: number | null;
  readonly thread_count: number | null;
  readonly open_handles: number | null;
};

/**
 * A thread of an instance (X004-7). `silent`: it gives no heartbeat; `dead`: it threw.
 *
 * @public
 */
export type PluginThread = ThreadView & { readonly instance_id: string };

/**
 * What the host knows of a plugin for one tenant; sums are over its instances (F004-26).
 *
 * @public
 */
export type PluginDebug = {
  readonly plugin: string;
  readonly tenant_id: string;
  readonly status: PluginHealth | null;
  readonly memory_usage: { readonly rss_bytes: number | null; readonly peak_rss_bytes: number | null };
  readonly thread_count: number | null;
  readonly open_handles: number | null;
  readonly waiting_calls: number;
  /** What the plugin's health check said last, or the host in its place. */
  readonly health_report: LastHealth;
  readonly threads: readonly PluginThread[];
  readonly instances: readonly PluginInstance[];
  /** What an MCP server tried and was refused, as far as it says so; the newest last. */
  readonly refused: readonly RefusedAttempt[];
  readonly error_log: readonly PluginLogLine[];
  /** Null while the storage is away. */
  readonly last_calls: readonly Omit<LedgerRow, 'node' | 'tenant_id' | 'plugin_name'>[] | null;
  readonly transitions: readonly Transition[];
};
