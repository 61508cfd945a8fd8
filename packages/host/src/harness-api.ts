/**
 * A harness as an embedder sees it: code that is run again and again in warm guests of its own, to be judged and not to serve.
 */
import type { JsonObject, JsonValue, Outcome, WireTool } from '@bulkhead/protocol';

/**
 * What a harness holds: one file, or one release of a plugin. Nothing is granted to it, unless a release stands for its plugin
 * (`isGranted`). `instances` guests take calls at once, one each: a whole number from 1 to 64, 1 where it is left out. With
 * `measuresMemory` the `peak_rss_bytes` of a run are what its guest's process held at most until it answered, as the kernel counted
 * them (some 0.03 ms a run, which is no part of its duration), and else what samples 50 ms apart saw.
 *
 * @public
 */
export type HarnessOptions = FileHarness | ReleaseHarness;

/**
 * A file is reviewed and bundled like a plugin, with its folder as the tree. `limits` are those of profile `case` where they are
 * left out, and may be raised up to what any manifest may ask for.
 *
 * @public
 */
export type FileHarness = {
  readonly file: string;
  /** Nothing can be granted to a file, which has no registration. */
  readonly isGranted?: false;
  readonly limits?: HarnessLimits;
  readonly instances?: number;
  readonly measuresMemory?: boolean;
};

/**
 * A release that is installed, configured as the tenant has configured the plugin, and else as its manifest says; `tenant` is
 * `default` where it is left out, and what the guests use is charged to it. `limits` are the release's own where they are left out.
 *
 * @public
 */
export type ReleaseHarness = {
  readonly plugin: string;
  readonly version: string;
  readonly tenant?: string;
  /**
   * What the tenant's registration of the plugin was granted is granted to it, too, as far as this version asks for it: what it does with
   * that is done, as if it served. It hears no events and has no threads, and it reaches no host that the registration's release does
   * not list. False where it is left out: whatever it asks of the host is refused.
   */
  readonly isGranted?: boolean;
  readonly limits?: HarnessLimits;
  readonly instances?: number;
  readonly measuresMemory?: boolean;
};

/**
 * What one run may use.
 *
 * @public
 */
export type HarnessLimits = {
  readonly timeout_ms?: number;
  readonly cpu_ms?: number;
  readonly memory_mb?: number;
  readonly output_bytes?: number;
};

/**
 * One run. `timeoutMs` is at most the harness's own limit, which is also the default.
 *
 * @public
 */
export type HarnessCall = HarnessFunctionCall | HarnessToolCall;

/**
 * A run of a named export.
 *
 * @public
 */
export type HarnessFunctionCall = {
  readonly fn: string;
  readonly args: readonly JsonValue[];
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * A run of a tool, whose parameters and result are judged by its schemas as in a call; `params` are `{}` where they are left out.
 *
 * @public
 */
export type HarnessToolCall = {
  readonly tool: string;
  readonly params?: JsonObject;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Warm guests of one file or release. Its runs are no calls of a plugin: they are in no ledger and no registry, no breaker holds
 * them back, and one that kills its guest costs only itself (ADR 39).
 *
 * @public
 */
export type Harness = AsyncDisposable & {
  /** SHA-256 of what is run. */
  readonly digest: string;
  /** Runs it; never rejects. A guest takes one call at a time, and lives on after it, unless the plugin wants a fresh one for each call. */
  readonly run: (call: HarnessCall) => Promise<Outcome>;
  /**
   * The tools that it offers, as a guest told of them, which is started where none was; none of a file.
   *
   * @throws {HostError} `TRIAL_FAILED` with the plugin's reason where no guest can start; `HOST_CLOSED`.
   */
  readonly tools: () => Promise<readonly WireTool[]>;
  /** Ends the guests; what is in flight is answered. Safe to call twice. */
  readonly close: () => Promise<void>;
};
