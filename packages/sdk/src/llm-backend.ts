/**
 * Language models. A plugin lists its backends under `entry_points.llm_backends` (F000-16, F000-17).
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { ToolContext } from './context.ts';

/**
 * How a text is to be made; what a backend cannot heed it leaves aside.
 *
 * @experimental
 */
export type GenerateOptions = {
  /** A model of the backend's; its own choice where it is left out. */
  readonly model?: string;
  /** 0 to 2; 0.7 where it is left out (X000-19). */
  readonly temperature?: number;
  /** Longest answer, in tokens of the model; 4,096 where it is left out (X000-19). */
  readonly max_tokens?: number;
  readonly seed?: number;
  /** Texts at which the answer ends, without them. */
  readonly stop?: readonly string[];
};

/**
 * Tokens that an answer cost, as the model counts them; they feed `llm_tokens_total` (F000-18).
 *
 * @experimental
 */
export type TokenUsage = { readonly input_tokens: number; readonly output_tokens: number };

/**
 * A whole answer.
 *
 * @experimental
 */
export type GeneratedText = {
  readonly text: string;
  readonly model?: string;
  readonly usage?: TokenUsage;
  /** `stop`: it came to its end; `length`: at `max_tokens`; `filter`: its provider held something back. */
  readonly finish_reason?: 'stop' | 'length' | 'filter';
};

/**
 * A piece of an answer that is told as it comes; the last may say what all of it cost.
 *
 * @experimental
 */
export type GeneratedPiece = string | (Partial<Omit<GeneratedText, 'text'>> & { readonly text?: string });

/**
 * What `generate` may answer: a text, a whole answer, or its pieces.
 *
 * @experimental
 */
export type Generated = string | GeneratedText | Promise<string | GeneratedText> | AsyncIterable<GeneratedPiece>;

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
   * Answers a prompt: at once, or piece by piece from an `async *generate`.
   *
   * @throws whatever the provider's refusal becomes; the call is a `tool_error`.
   */
  abstract generate(prompt: string, options: GenerateOptions, context: ToolContext): Generated;
}
