/**
 * What a model of the AI SDK answers, in the words of a backend: piece by piece, or whole.
 */
import type {
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import type { ChatToolCall, GeneratedPiece, GeneratedText, JsonObject, TokenUsage } from '@bulkhead/protocol';
import { ProviderError } from '../llm-backend.ts';

/**
 * Reads the cost of an answer, in US dollars, from what the provider says beside it; undefined where it says nothing.
 *
 * @experimental
 */
export type CostOf = (metadata: SharedV4ProviderMetadata | undefined) => number | undefined;

type Finish = {
  readonly usage: LanguageModelV4Usage;
  readonly finishReason: LanguageModelV4FinishReason;
  readonly providerMetadata?: SharedV4ProviderMetadata;
};

/** Tells the parts of a stream as they come. @throws {ProviderError} where the stream ends before its last part. */
export async function* readPieces(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  costUsd: CostOf,
): AsyncGenerator<GeneratedPiece> {
  let model: string | undefined;
  let isWhole = false;
  for await (const part of stream) {
    const piece = pieceOf(part, costUsd);
    // Some say it with each token.
    const isKnown = part.type === 'response-metadata' && part.modelId === model;
    if (piece !== undefined && !isKnown) yield piece;
    if (part.type === 'response-metadata') model = part.modelId;
    // What is behind it is read, too: a stream that is left before its end is cut.
    isWhole ||= part.type === 'finish';
  }
  if (!isWhole) throw new ProviderError(UNFINISHED);
}

const UNFINISHED = 'the provider ended its answer before it was whole';

/** What is no part of the answer (its beginning and end, sources, files, warnings) is passed over. */
function pieceOf(part: LanguageModelV4StreamPart, costUsd: CostOf): GeneratedPiece | undefined {
  switch (part.type) {
    case 'text-delta':
      return part.delta === '' ? undefined : part.delta;
    case 'reasoning-delta':
      return part.delta === '' ? undefined : { reasoning: part.delta };
    case 'tool-call':
      return { tool_calls: [toolCallOf(part)] };
    case 'response-metadata':
      return part.modelId === undefined ? undefined : { model: part.modelId };
    case 'finish':
      return endOf(part, costUsd);
    case 'error':
      throw part.error;
    default:
      return undefined;
  }
}

/** An answer that came at once. */
export function readWhole(result: LanguageModelV4GenerateResult, costUsd: CostOf): GeneratedText {
  const { content, response } = result;
  const calls = content.flatMap((part) => (part.type === 'tool-call' ? [toolCallOf(part)] : []));
  const reasoning = content.flatMap((part) => (part.type === 'reasoning' ? [part.text] : [])).join('');
  return {
    text: content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(''),
    ...(reasoning !== '' && { reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(response?.modelId !== undefined && { model: response.modelId }),
    ...endOf(result, costUsd),
  };
}

type Asked = { readonly toolCallId: string; readonly toolName: string; readonly input: string };

function toolCallOf({ toolCallId: id, toolName: name, input }: Asked): ChatToolCall {
  const parsed = parseJson(input === '' ? '{}' : input);
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
    return { id, name, arguments: parsed as JsonObject }; // Parsed from JSON.
  throw new ProviderError(`the model asks for the tool "${name.slice(0, 100)}" with arguments that are no JSON object`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Said by the caller, without the text.
  }
}

function endOf(finish: Finish, costUsd: CostOf): Pick<GeneratedText, 'usage' | 'finish_reason'> {
  const { unified, raw } = finish.finishReason;
  // Libraries make up an end where a stream has none.
  if (unified === 'error' || unified === 'interrupted' || (unified === 'other' && raw === undefined))
    throw new ProviderError(UNFINISHED);
  const usage = usageOf(finish.usage, costUsd(finish.providerMetadata));
  const reason = REASONS[unified];
  return { ...(usage !== undefined && { usage }), ...(reason !== undefined && { finish_reason: reason }) };
}

const REASONS: Readonly<Record<string, GeneratedText['finish_reason']>> = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'filter',
  'tool-calls': 'tool_calls',
};

/** Undefined where the provider counts nothing, so that nobody takes none for few. */
function usageOf(usage: LanguageModelV4Usage, cost: number | undefined): TokenUsage | undefined {
  const [input, output] = [usage.inputTokens.total, usage.outputTokens.total];
  if (input === undefined && output === undefined) return undefined;
  return { input_tokens: input ?? 0, output_tokens: output ?? 0, ...(cost !== undefined && { cost_usd: cost }) };
}
