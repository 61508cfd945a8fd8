/**
 * Language models of any server that speaks the chat completions of OpenAI, by the AI SDK’s provider in the sandbox. Over https it sends
 * the placeholder of a key, where one is granted; over http, which is for servers nearby, none.
 */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { LLMBackend, ProviderError, type GeneratedPiece, type GenerateOptions, type ToolContext } from '@bulkhead/sdk';
import { generateWith, limitedFetch } from '@bulkhead/sdk/ai';

/** The configuration, whose defaults plugin.json has. */
type Settings = {
  readonly enabled: boolean;
  readonly base_url: string;
  readonly model: string;
  readonly stream: boolean;
};

/** The backend `openai_compatible`. */
export class OpenAICompatibleBackend extends LLMBackend {
  /**
   * Answers piece by piece, by the model of the options or of the configuration.
   *
   * @throws {ProviderError} where the provider refuses, cannot be reached, or breaks off.
   */
  override generate(prompt: string, options: GenerateOptions, context: ToolContext): AsyncGenerator<GeneratedPiece> {
    const { enabled, model, stream, base_url: baseURL } = this.config as Settings; // The schema has judged it.
    if (!enabled) throw new ProviderError('llm_openai_compatible is switched off', { status: 503 });
    const asked = { prompt, options, isStreamed: stream, signal: context.signal };
    const provider = createOpenAICompatible({
      name: 'openai_compatible',
      baseURL: baseURL,
      includeUsage: true,
      fetch: limitedFetch(),
      ...keyFor(baseURL, context),
    });
    return generateWith(provider(options?.model ?? model), asked);
  }
}

function keyFor(baseUrl: string, { secrets }: ToolContext): { readonly apiKey?: string } {
  const apiKey = secrets['OPENAI_COMPATIBLE_API_KEY'];
  return apiKey === undefined || !baseUrl.startsWith('https:') ? {} : { apiKey };
}
