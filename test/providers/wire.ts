/**
 * What a provider of tests is asked and answers, and what each of its wire formats makes of it.
 */
import type { IncomingHttpHeaders } from 'node:http';

/** What a test says that the provider answers. */
export type ProviderAnswer = {
  readonly text?: string;
  readonly reasoning?: string;
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly finish?: 'stop' | 'length' | 'filter';
  readonly usage?: { readonly input: number; readonly output: number };
  /** Said in the manner of OpenRouter. */
  readonly costUsd?: number;
  /** Instead of an answer. */
  readonly refusal?: { readonly status: number; readonly message: string; readonly retryAfter?: string };
  /** Within it: the connection is cut, the body ends, or what comes is no JSON; or there is no end of it. */
  readonly fault?:
    | { readonly kind: 'cut' | 'end' | 'malformed'; readonly afterEvents: number }
    | { readonly kind: 'huge'; readonly afterEvents?: never };
  /** Waited for ahead of each event of a stream, so that a test says how slow it is. */
  readonly between?: (index: number) => Promise<void>;
};

/** What was asked, as far as the answer depends on it or a test looks at it. */
export type Asked = {
  readonly model: string;
  readonly isStreamed: boolean;
  readonly body: Readonly<Record<string, unknown>>;
};

/** One answer under way; `number` counts requests from 1. */
export type Answering = { readonly asked: Asked; readonly answer: ProviderAnswer; readonly number: number };

/** A wire format. */
export type Wire = {
  /** How the path of its URL ends. */
  readonly path: string;
  readonly keyIn: (headers: IncomingHttpHeaders) => string | undefined;
  /** A text where the request is not as the format has it. */
  readonly read: (body: string) => Asked | string;
  readonly whole: (answering: Answering) => object;
  /** Server-sent events, with their ends. */
  readonly events: (answering: Answering) => readonly string[];
  readonly refusal: (status: number, message: string) => object;
};

/** Reads what all formats have. */
export function readAsked(text: string): Asked | string {
  const body = JSON.parse(text) as Asked['body']; // Whatever else it is has no messages.
  const { model, messages, stream } = body;
  if (typeof model !== 'string') return 'model is missing';
  if (!Array.isArray(messages) || messages.length === 0) return 'messages are missing';
  return { model, isStreamed: stream === true, body };
}

/** Cuts a text behind each blank, as a model’s tokens come. */
export function tokensIn(text: string | undefined): readonly string[] {
  return text?.match(/\S+\s*|\s+/g) ?? [];
}

/** What is counted where a test says nothing. */
export const USAGE = { input: 7, output: 3 };
