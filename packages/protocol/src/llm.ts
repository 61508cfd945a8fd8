/**
 * What a language model is asked and what it answers, as backends, the host and agents write it (DESIGN 8, F000-16). A
 * backend that knows prompts alone reads the text that it is given first; one that knows chats and tools reads `messages`.
 */
import type { JsonObject } from './json.ts';

/**
 * A tool that a model asks to have called; `id` is the model's own and comes back with the tool's answer.
 *
 * @experimental
 */
export type ChatToolCall = { readonly id: string; readonly name: string; readonly arguments: JsonObject };

/**
 * One message of a chat. What a tool answered is JSON as text, or a message that says why it did not.
 *
 * @experimental
 */
export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly tool_calls?: readonly ChatToolCall[] }
  | {
      readonly role: 'tool';
      readonly content: string;
      readonly tool_call_id: string;
      readonly tool_name: string;
      readonly is_error?: boolean;
    };

/**
 * A tool that a model may ask for; `parameters` is a JSON Schema of an object.
 *
 * @experimental
 */
export type ChatTool = { readonly name: string; readonly description: string; readonly parameters: JsonObject };

/**
 * How a text is to be made; what a backend cannot heed it leaves aside.
 *
 * @experimental
 */
export type GenerateOptions = {
  /** A model of the backend's; its own choice where it is left out. */
  readonly model?: string;
  /** 0 to 2; 0.7 where it is left out (X000-19). */
  readonly temperature?: number;
  /** Longest answer, in tokens of the model; 4,096 where it is left out (X000-19). */
  readonly max_tokens?: number;
  readonly seed?: number;
  /** Texts at which the answer ends, without them. */
  readonly stop?: readonly string[];
  /** The chat so far, where there is one: then the prompt is the same chat as one text, for backends that know no other. */
  readonly messages?: readonly ChatMessage[];
  /** What the model may ask to have called. */
  readonly tools?: readonly ChatTool[];
  /** `auto` where it is left out: the model decides. `required`: it calls one at least. */
  readonly tool_choice?: 'auto' | 'none' | 'required';
};

/**
 * Tokens that an answer cost, as the model counts them; they feed `llm_tokens_total` (F000-18). `cost_usd` is what the provider
 * says that it takes for them.
 *
 * @experimental
 */
export type TokenUsage = { readonly input_tokens: number; readonly output_tokens: number; readonly cost_usd?: number };

/**
 * A whole answer.
 *
 * @experimental
 */
export type GeneratedText = {
  readonly text: string;
  /** What the model thought before it answered, where its provider tells. */
  readonly reasoning?: string;
  /** What it asks to have called before it goes on. */
  readonly tool_calls?: readonly ChatToolCall[];
  /** The model that answered. */
  readonly model?: string;
  readonly usage?: TokenUsage;
  /** `stop`: it came to its end; `length`: at `max_tokens`; `filter`: its provider held something back; `tool_calls`: it waits for tools. */
  readonly finish_reason?: 'stop' | 'length' | 'filter' | 'tool_calls';
};

/**
 * A piece of an answer that is told as it comes: `text`, `reasoning` and `tool_calls` are added to what came before, anything else
 * takes its place.
 *
 * @experimental
 */
export type GeneratedPiece = string | Partial<GeneratedText>;
