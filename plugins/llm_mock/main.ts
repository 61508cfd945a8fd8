/**
 * A language model for tests and demonstrations: it answers what its configuration scripts, and otherwise what it was told. It has
 * no clock, no chance and no network, so that the same chat has the same answer in every instance.
 */
import { LLMBackend, ProviderError, type GeneratedPiece, type GenerateOptions, type ToolContext } from '@bulkhead/sdk';
import { readChat, type MockChat } from './chat.ts';
import { findAnswer, readScript, type MockAnswer } from './script.ts';
import { cutToTokens, tokensOf } from './tokens.ts';

/** The backend `mock`. */
export class MockBackend extends LLMBackend {
  readonly #script = readScript(this.config);
  #requests = 0;

  /** Answers piece by piece; the last piece says what the answer cost. */
  override async *generate(
    prompt: string,
    options: GenerateOptions,
    context: ToolContext,
  ): AsyncGenerator<GeneratedPiece> {
    this.#requests += 1;
    const chat = readChat(prompt, options);
    if (!this.#script.isEnabled) throw new ProviderError('llm_mock is switched off', { status: 503 });
    const answer = findAnswer(this.#script, { request: this.#requests, turn: chat.turn, text: chat.last });
    const told = spoken(answer, chat);
    if (answer.fail?.afterPieces === 0) throw answer.fail.error;
    if (answer.reasoning !== undefined) yield { reasoning: answer.reasoning };
    for (const [index, piece] of told.pieces.entries()) {
      if (answer.delayMs > 0) await delay(answer.delayMs, context.signal);
      yield piece;
      if (answer.fail?.afterPieces === index + 1) throw answer.fail.error;
    }
    if (answer.fail !== undefined) throw answer.fail.error;
    const toolCalls = answer.toolCalls.map((call, index) => ({ id: `call_${chat.turn}_${index + 1}`, ...call }));
    if (toolCalls.length > 0) yield { tool_calls: toolCalls };
    yield {
      model: answer.model ?? chat.model ?? this.#script.model,
      usage: { input_tokens: tokensOf(chat.texts), output_tokens: told.tokens, ...answer.usage },
      finish_reason: answer.finishReason ?? (told.isCut ? 'length' : toolCalls.length > 0 ? 'tool_calls' : 'stop'),
    };
  }
}

type Spoken = { readonly pieces: readonly string[]; readonly tokens: number; readonly isCut: boolean };

/** Each word with the blanks behind it. */
const WORDS = /\S+\s*|\s+/g;

function spoken(answer: MockAnswer, chat: MockChat): Spoken {
  const pieces = answer.pieces ?? answer.text.match(WORDS) ?? [];
  const { kept, isCut } = cutToTokens(pieces, chat.tokensMax);
  const thought = [answer.reasoning ?? '', ...answer.toolCalls.map((call) => JSON.stringify(call))];
  return { pieces: kept, isCut, tokens: tokensOf([kept.join(''), ...thought]) };
}

function delay(delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, delayMs);
  const leave = (): void => {
    clearTimeout(timer);
    reject(signal.reason instanceof Error ? signal.reason : new Error('the call was left'));
  };
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', leave));
}
