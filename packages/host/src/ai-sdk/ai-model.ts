/**
 * A tenant's language models as one model of the AI SDK: each request goes through the host, which chooses a backend, tries again,
 * and charges the tenant.
 */
import type { CallError, ChatTool, GeneratedText, TokenUsage } from '@bulkhead/protocol';
import {
  APICallError,
  type LanguageModelV4,
  type LanguageModelV4CallOptions,
  type LanguageModelV4GenerateResult,
  type LanguageModelV4StreamPart,
  type SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import type { Host } from '../host-api.ts';
import type { LlmOutcome, LlmReport, LlmRequest } from '../llm/llm.ts';
import { toChat } from './to-chat.ts';
import { createParts } from './stream-parts.ts';

/**
 * Whose models they are; `backend` names one of them, else the host chooses for each request.
 *
 * @experimental
 */
export type AiModelOptions = { readonly tenant?: string; readonly backend?: string; readonly timeoutMs?: number };

/**
 * Makes a model for `generateText`, `streamText` and what is built on them. Text, tools and their results are carried; files are not,
 * and what no backend heeds is told as a warning. It rejects with an `APICallError` that no other layer needs to try again: the host has.
 *
 * @experimental
 */
export function createAiModel(host: Pick<Host, 'llm'>, options: AiModelOptions = {}): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'bulkhead',
    modelId: options.backend ?? 'by-weight',
    supportedUrls: {},
    doGenerate: async (asked) => wholeOf(await host.llm.generate(requestOf(options, asked)), asked),
    doStream: async (asked) => ({ stream: streamOf(host, options, asked) }),
  };
}

function requestOf({ tenant, backend, timeoutMs }: AiModelOptions, asked: LanguageModelV4CallOptions): LlmRequest {
  const { maxOutputTokens, temperature, stopSequences, seed, toolChoice } = asked;
  const tools = toolsOf(asked);
  return {
    ...{ tenant, backend, timeoutMs, signal: asked.abortSignal },
    options: {
      messages: toChat(asked.prompt),
      ...(tools.length > 0 && { tools }),
      ...(tools.length > 0 &&
        toolChoice !== undefined && { tool_choice: toolChoice.type === 'tool' ? 'required' : toolChoice.type }),
      ...(maxOutputTokens !== undefined && { max_tokens: maxOutputTokens }),
      ...(temperature !== undefined && { temperature }),
      ...(stopSequences !== undefined && { stop: stopSequences }),
      ...(seed !== undefined && { seed }),
    },
  };
}

/** Of a choice of one tool the others are left out, since a backend knows `required` and no names. */
function toolsOf({ tools = [], toolChoice }: LanguageModelV4CallOptions): readonly ChatTool[] {
  return tools.flatMap((tool) => {
    if (tool.type !== 'function') return [];
    if (toolChoice?.type === 'tool' && toolChoice.toolName !== tool.name) return [];
    return [
      { name: tool.name, description: tool.description ?? '', parameters: tool.inputSchema as ChatTool['parameters'] },
    ];
  });
}

/** Settings that no backend is given, so that who set them learns that they did nothing. */
function warningsOf(asked: LanguageModelV4CallOptions): LanguageModelV4GenerateResult['warnings'] {
  const unheeded = ['topP', 'topK', 'presencePenalty', 'frequencyPenalty'] as const;
  const features: string[] = unheeded.filter((name) => asked[name] !== undefined);
  if (asked.responseFormat?.type === 'json') features.push('responseFormat');
  if (asked.tools?.some(({ type }) => type !== 'function') === true) features.push('provider tools');
  return features.map((feature) => ({ type: 'unsupported', feature }));
}

function wholeOf(outcome: LlmOutcome, asked: LanguageModelV4CallOptions): LanguageModelV4GenerateResult {
  if (!outcome.ok) throw toError(outcome.error, asked.abortSignal);
  const { text, reasoning = '', tool_calls: calls = [] } = outcome.value;
  return {
    content: [
      ...(reasoning === '' ? [] : [{ type: 'reasoning' as const, text: reasoning }]),
      ...(text === '' ? [] : [{ type: 'text' as const, text }]),
      ...calls.map(({ id, name, arguments: input }) => ({
        type: 'tool-call' as const,
        toolCallId: id,
        toolName: name,
        input: JSON.stringify(input),
      })),
    ],
    finishReason: finishOf(outcome.value),
    usage: usageOf(outcome.llm.usage),
    warnings: warningsOf(asked),
    response: { modelId: outcome.value.model ?? outcome.llm.backend ?? '' },
    providerMetadata: metadataOf(outcome.llm),
  };
}

function streamOf(
  host: Pick<Host, 'llm'>,
  options: AiModelOptions,
  asked: LanguageModelV4CallOptions,
): ReadableStream<LanguageModelV4StreamPart> {
  const stopping = new AbortController();
  return new ReadableStream<LanguageModelV4StreamPart>({
    start: (controller) => {
      const parts = createParts((part) => controller.enqueue(part));
      const request = requestOf(options, asked);
      const signals = [stopping.signal, ...(request.signal === undefined ? [] : [request.signal])];
      controller.enqueue({ type: 'stream-start', warnings: warningsOf(asked) });
      void host.llm.generate({ ...request, signal: AbortSignal.any(signals), onPiece: parts.add }).then((outcome) => {
        if (stopping.signal.aborted) return;
        parts.end();
        if (outcome.ok)
          controller.enqueue({
            type: 'finish',
            usage: usageOf(outcome.llm.usage),
            finishReason: finishOf(outcome.value),
            providerMetadata: metadataOf(outcome.llm),
          });
        else controller.enqueue({ type: 'error', error: toError(outcome.error, request.signal) });
        controller.close();
      });
    },
    cancel: () => stopping.abort(),
  });
}

const FINISH = { stop: 'stop', length: 'length', filter: 'content-filter', tool_calls: 'tool-calls' } as const;

function finishOf({
  finish_reason: told,
  tool_calls: calls = [],
}: GeneratedText): LanguageModelV4GenerateResult['finishReason'] {
  const reason = told ?? (calls.length > 0 ? 'tool_calls' : 'stop');
  return { unified: FINISH[reason], raw: told };
}

/** What the SDK has no words for: who answered, at what price, and the call in the ledger. */
function metadataOf({ backend, cost_usd, call_id, attempts }: LlmReport): SharedV4ProviderMetadata {
  return { bulkhead: { backend, cost_usd, call_id, attempts } };
}

function usageOf(usage: TokenUsage | null): LanguageModelV4GenerateResult['usage'] {
  const nothing = undefined;
  return {
    inputTokens: { total: usage?.input_tokens, noCache: nothing, cacheRead: nothing, cacheWrite: nothing },
    outputTokens: { total: usage?.output_tokens, text: nothing, reasoning: nothing },
  };
}

/** An abort is the caller's own. All else is not retryable whatever it says: the host has tried as often as it helps. */
function toError(error: CallError, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  return new APICallError({
    message: `${error.message} (${error.code})`,
    url: 'bulkhead:llm',
    requestBodyValues: {},
    isRetryable: false,
    data: error,
  });
}
