/**
 * What the mock needs of a request. A caller's options are read as what they are, whatever that is.
 */
import type { GenerateOptions } from '@bulkhead/sdk';

/** The chat that is answered; `turn` is one more than the assistant has spoken in it. */
export type MockChat = {
  readonly texts: readonly string[];
  readonly last: string;
  readonly turn: number;
  readonly tokensMax: number;
  readonly model: string | undefined;
};

const TOKENS_MAX = 4_096;

/** Reads a request; where it holds no chat, its prompt is the only message of one. */
export function readChat(prompt: unknown, options: GenerateOptions | null | undefined): MockChat {
  const { messages, max_tokens: tokensMax, model } = Object(options) as GenerateOptions; // Whatever it is, it has members now.
  const said: readonly unknown[] = Array.isArray(messages) ? messages : [{ role: 'user', content: prompt }];
  const texts = said.map((message) => textIn(message, 'content'));
  return {
    texts,
    last: texts.at(-1) ?? '',
    turn: said.filter((message) => textIn(message, 'role') === 'assistant').length + 1,
    tokensMax: Number.isSafeInteger(tokensMax) ? Number(tokensMax) : TOKENS_MAX,
    model: typeof model === 'string' ? model : undefined,
  };
}

function textIn(message: unknown, key: 'role' | 'content'): string {
  const value: unknown = Reflect.get(Object(message) as object, key);
  return typeof value === 'string' ? value : '';
}
