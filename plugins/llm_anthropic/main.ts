/**
 * Language models of Anthropic, by the AI SDK’s provider in the sandbox. What it holds for a key is a placeholder, which the host
 * replaces in the header `x-api-key` on the way to api.anthropic.com.
 */
import { createAnthropic } from '@ai-sdk/anthropic';
import { LLMBackend, ProviderError, type GeneratedPiece, type GenerateOptions, type ToolContext } from '@bulkhead/sdk';
import { generateWith, limitedFetch } from '@bulkhead/sdk/ai';

/** The configuration, whose defaults plugin.json has. */
type Settings = { readonly enabled: boolean; readonly model: string; readonly stream: boolean };

/** The backend `anthropic`. */
export class AnthropicBackend extends LLMBackend {
  /**
   * Answers piece by piece, by the model of the options or of the configuration.
   *
   * @throws {ProviderError} where the provider refuses, cannot be reached, or breaks off.
   */
  override generate(prompt: string, options: GenerateOptions, context: ToolContext): AsyncGenerator<GeneratedPiece> {
    const { enabled, model, stream } = this.config as Settings; // The schema has judged it.
    if (!enabled) throw new ProviderError('llm_anthropic is switched off', { status: 503 });
    const provider = createAnthropic({ apiKey: context.secrets['ANTHROPIC_API_KEY'] ?? '', fetch: limitedFetch() });
    const asked = { prompt, options, isStreamed: stream, signal: context.signal };
    return generateWith(provider(options?.model ?? model), asked);
  }
}
