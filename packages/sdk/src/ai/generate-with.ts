/**
 * A language model of the AI SDK, asked as a backend is.
 */
import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { GeneratedPiece, GenerateOptions } from '@bulkhead/protocol';
import { readPieces, readWhole, type CostOf } from './answer.ts';
import { toProviderError } from './provider-error.ts';
import { callOptions } from './request.ts';

/**
 * What is asked of a model, and how.
 *
 * @experimental
 */
export type ModelRequest = {
  readonly prompt: string;
  readonly options: GenerateOptions | null | undefined;
  /** Ends the request; a call's `context.signal`. */
  readonly signal: AbortSignal;
  /** False for a server that does not stream; true where it is left out. */
  readonly isStreamed?: boolean;
  /** Reads what the provider says that the answer cost, in US dollars, from its own metadata. */
  readonly costUsd?: CostOf;
};

/**
 * Asks a language model of the AI SDK and tells its answer piece by piece, as `LLMBackend.generate` may.
 *
 * @param model - As a provider makes it, with the placeholder of a secret for its key.
 * @throws {ProviderError} where the provider refuses, cannot be reached, or breaks off; what the host refuses is thrown as it is.
 * @experimental
 */
export async function* generateWith(model: LanguageModelV4, request: ModelRequest): AsyncGenerator<GeneratedPiece> {
  const { prompt, options, signal, isStreamed = true, costUsd = () => undefined } = request;
  try {
    const asked = { ...callOptions(prompt, options), abortSignal: signal };
    if (isStreamed) yield* readPieces((await model.doStream(asked)).stream, costUsd);
    else yield readWhole(await model.doGenerate(asked), costUsd);
  } catch (error) {
    throw toProviderError(error);
  }
}
