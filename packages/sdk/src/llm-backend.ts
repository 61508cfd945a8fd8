/**
 * Language models. A plugin lists its backends under `entry_points.llm_backends` (F000-16, F000-17).
 */
import type { GeneratedPiece, GeneratedText, GenerateOptions, JsonObject } from '@bulkhead/protocol';
import type { ToolContext } from './context.ts';

/**
 * What `generate` may answer: a text, a whole answer, or its pieces.
 *
 * @experimental
 */
export type Generated = string | GeneratedText | Promise<string | GeneratedText> | AsyncIterable<GeneratedPiece>;

/**
 * Why a provider did not answer, for a backend to throw. The host tries again where another attempt may help: for status 408, 429
 * and 500 and above, and where there was none; not before `retryAfterMs` where the provider said so. The message must hold no key.
 *
 * @experimental
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  /** HTTP status of the answer; undefined where there was none. */
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    { status, retryAfterMs }: { readonly status?: number; readonly retryAfterMs?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * What every backend is (F000-16). It lives in the sandbox, once per instance.
 *
 * @experimental
 */
export abstract class LLMBackend {
  readonly config: JsonObject;

  /** @param config - Of the plugin's registration; keys of providers are secrets and never in it (X000-27). */
  constructor(config?: JsonObject | null) {
    this.config = config ?? {};
  }

  /**
   * Answers a prompt: at once, or piece by piece from an `async *generate`. Where `options.messages` is there the prompt is the same
   * chat as one text.
   *
   * @throws {ProviderError} where the provider refuses. Whatever is thrown, the call is a `tool_error`.
   */
  abstract generate(prompt: string, options: GenerateOptions, context: ToolContext): Generated;
}
