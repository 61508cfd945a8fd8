/**
 * A harness as an embedder sees it: code that is run again and again in warm guests of its own, to be judged and not to serve.
 */
import type { JsonValue, Outcome } from '@bulkhead/protocol';

/**
 * What a harness holds. A file is reviewed and bundled like a plugin, with its folder as the tree, and gets no grants. `limits` are
 * those of profile `case` where they are left out, and may be raised up to what any manifest may ask for. `instances` guests
 * take calls at once, one each; 1 where it is left out.
 *
 * @public
 */
export type HarnessOptions = {
  readonly file: string;
  readonly limits?: {
    readonly timeout_ms?: number;
    readonly cpu_ms?: number;
    readonly memory_mb?: number;
    readonly output_bytes?: number;
  };
  readonly instances?: number;
};

/**
 * One run of a named export. `timeoutMs` is at most the harness's own limit, which is also the default.
 *
 * @public
 */
export type HarnessCall = {
  readonly fn: string;
  readonly args: readonly JsonValue[];
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Warm guests of one file. Its runs are no calls of a plugin: they are in no ledger and no registry, no breaker holds them back, and
 * one that kills its guest costs only itself (ADR 39).
 *
 * @public
 */
export type Harness = AsyncDisposable & {
  /** SHA-256 of what is run. */
  readonly digest: string;
  /** Runs it; never rejects. A guest takes one call at a time, and lives on after it. */
  readonly run: (call: HarnessCall) => Promise<Outcome>;
  /** Ends the guests; what is in flight is answered. Safe to call twice. */
  readonly close: () => Promise<void>;
};
