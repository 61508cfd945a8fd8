/**
 * Language models of many providers through OpenRouter, by its provider for the AI SDK in the sandbox. What it holds for a key is a
 * placeholder, which the host replaces in the header `authorization` on the way to openrouter.ai.
 */
import { createOpenRouter } from '@openrouter/ai-sdk-provider';
import { LLMBackend, ProviderError, type GeneratedPiece, type GenerateOptions, type ToolContext } from '@bulkhead/sdk';
import { generateWith, limitedFetch, type CostOf } from '@bulkhead/sdk/ai';

/** The configuration, whose defaults plugin.json has. */
type Settings = { readonly enabled: boolean; readonly model: string; readonly stream: boolean };

/** The backend `openrouter`. */
export class OpenRouterBackend extends LLMBackend {
  /**
   * Answers piece by piece, by the model of the options or of the configuration.
   *
   * @throws {ProviderError} where the provider refuses, cannot be reached, or breaks off.
   */
  override generate(prompt: string, options: GenerateOptions, context: ToolContext): AsyncGenerator<GeneratedPiece> {
    const { enabled, model, stream } = this.config as Settings; // The schema has judged it.
    if (!enabled) throw new ProviderError('llm_openrouter is switched off', { status: 503 });
    const provider = createOpenRouter({
      apiKey: context.secrets['OPENROUTER_API_KEY'] ?? '',
      fetch: limitedFetch(),
      compatibility: 'strict',
      extraBody: { usage: { include: true } },
    });
    const asked = { prompt, options, costUsd, isStreamed: stream, signal: context.signal };
    return generateWith(provider(options?.model ?? model), asked);
  }
}

/** OpenRouter says with each answer what it took for it, in credits, which are US dollars. */
const costUsd: CostOf = (metadata) => {
  const cost = Object(metadata?.['openrouter']?.['usage'])['cost'] as unknown;
  return typeof cost === 'number' && cost >= 0 ? cost : undefined;
};
