/**
 * What an embedder asks to be run: a tool, a method of an entry point, or one function.
 */
import type { EntryPointGroup, Outcome, Progress } from '@bulkhead/protocol';
import type { CallClient, CallLine, Chunk } from './sandbox/sandbox.ts';

/**
 * One call of a tool.
 *
 * @public
 */
export type CallRequest = {
  readonly plugin: string;
  readonly tool: string;
  readonly params?: unknown;
  /** `default` where it is left out. */
  readonly tenant?: string | undefined;
  /** Whole milliseconds; clipped to the plugin's own limit, which is also the default. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * 1 to 256 characters. The same key, of the same tenant, plugin and tool, with the same params within 24 hours is answered
   * with the outcome of the call that took it, and nothing runs again.
   */
  readonly idempotencyKey?: string | undefined;
  /** Scopes of the caller; undefined means all, as a token made without scopes has. */
  readonly scopes?: readonly string[] | undefined;
  /** Hears how far the call is, as its plugin says: at most ten times a second. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Hears what the plugin logs while it works on the call: at most a hundred lines a second. */
  readonly onLog?: ((line: CallLine) => void) | undefined;
  /** Whom the plugin may ask while it works on the call; nobody where it is left out. */
  readonly client?: CallClient | undefined;
};

/**
 * A call whose result is read piece by piece.
 *
 * @experimental
 */
export type StreamRequest = CallRequest | EntryRequest;

/**
 * A call whose result comes piece by piece, read once. The plugin is ahead of its reader by half a MiB at most; a reader that stops
 * before the end cancels the call. `outcome` never rejects: its value is what the tool returned beside its pieces, null where that is
 * nothing. A tool that does not stream gives no piece, and neither does a call with hooks around it or an idempotency key: then the
 * value is the whole.
 *
 * @experimental
 */
export type CallStream = AsyncIterable<Chunk, void, undefined> & { readonly outcome: Promise<Outcome> };

/**
 * One call of a method of an entry point (ADR 16): a task handler, an LLM backend, a selector, an executor, a monitor.
 *
 * @experimental
 */
export type EntryRequest = {
  readonly plugin: string;
  /** Any group but `tools`, with or without `bulkhead.` in front. */
  readonly group: Exclude<EntryPointGroup, 'tools'> | `bulkhead.${Exclude<EntryPointGroup, 'tools'>}`;
  readonly name: string;
  /** One of the group's, such as `handle`. */
  readonly method: string;
  /** Positional, JSON. */
  readonly args?: readonly unknown[];
  /** `default` where it is left out. */
  readonly tenant?: string | undefined;
  /** Whole milliseconds; clipped to the plugin's own limit, which is also the default. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * What to run without a tool: a named export of a plugin's main, or of a file that is reviewed and bundled alike.
 *
 * @public
 */
export type SandboxedFunction = ({ readonly file: string } | { readonly plugin: string }) & {
  readonly fn: string;
  readonly tenant?: string;
  readonly signal?: AbortSignal;
  readonly limits?: {
    readonly timeout_ms?: number;
    readonly cpu_ms?: number;
    readonly memory_mb?: number;
    readonly output_bytes?: number;
  };
};
