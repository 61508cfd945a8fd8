/**
 * What the mock is told to answer, as its configuration has it; the schema in plugin.json has judged it.
 */
import { ProviderError, type GeneratedText, type JsonObject, type TokenUsage } from '@bulkhead/sdk';

/** The configuration, with a default for whatever it leaves out. */
export type MockScript = {
  readonly isEnabled: boolean;
  readonly model: string;
  readonly answers: readonly ScriptedAnswer[];
};

/** One answer, and when it is given. */
export type ScriptedAnswer = {
  readonly turn?: number;
  readonly request?: number;
  readonly match?: string;
  readonly text?: string;
  readonly pieces?: readonly string[];
  readonly delay_ms?: number;
  readonly reasoning?: string;
  readonly tool_calls?: readonly { readonly id?: string; readonly name: string; readonly arguments?: JsonObject }[];
  readonly model?: string;
  readonly usage?: Partial<TokenUsage>;
  readonly finish_reason?: NonNullable<GeneratedText['finish_reason']>;
  readonly fail?: {
    readonly message?: string;
    readonly status?: number;
    readonly retry_after_ms?: number;
    readonly after_pieces?: number;
  };
};

/** An answer as it is to be given. */
export type MockAnswer = {
  readonly text: string;
  readonly pieces: readonly string[] | undefined;
  readonly delayMs: number;
  readonly reasoning: string | undefined;
  readonly toolCalls: readonly { readonly id?: string; readonly name: string; readonly arguments: JsonObject }[];
  readonly model: string | undefined;
  readonly usage: Partial<TokenUsage>;
  readonly finishReason: GeneratedText['finish_reason'];
  readonly fail: { readonly afterPieces: number; readonly error: ProviderError } | undefined;
};

/** Which request is answered: its number, its turn in the chat, and the text of the last message. */
export type Asked = { readonly request: number; readonly turn: number; readonly text: string };

/** Reads the configuration. */
export function readScript({ enabled = true, model = 'mock-1', answers = [] }: JsonObject): MockScript {
  return { isEnabled: enabled === true, model: model as string, answers: answers as readonly ScriptedAnswer[] }; // As the schema has it.
}

/** The first answer whose conditions all hold; an echo where there is none. */
export function findAnswer({ answers }: MockScript, asked: Asked): MockAnswer {
  const found = answers.find(
    ({ turn = asked.turn, request = asked.request, match = '' }) =>
      turn === asked.turn && request === asked.request && asked.text.includes(match),
  );
  const {
    text = '',
    pieces,
    delay_ms = 0,
    reasoning,
    tool_calls = [],
    model,
    usage = {},
    finish_reason,
    fail,
  } = found ?? { text: asked.text };
  return {
    ...{ text, pieces, reasoning, model, usage },
    delayMs: delay_ms,
    toolCalls: tool_calls.map((call) => ({ arguments: {}, ...call })),
    finishReason: finish_reason,
    fail: fail && failureOf(fail),
  };
}

function failureOf({
  message = 'the scripted provider fails',
  status,
  retry_after_ms,
  after_pieces = 0,
}: NonNullable<ScriptedAnswer['fail']>): MockAnswer['fail'] {
  const told = {
    ...(status !== undefined && { status }),
    ...(retry_after_ms !== undefined && { retryAfterMs: retry_after_ms }),
  };
  return { afterPieces: after_pieces, error: new ProviderError(message, told) };
}
