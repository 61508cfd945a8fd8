/**
 * What a backend answers, read as hostile: a text, a whole answer, or pieces that are put together. Anything that is not of the
 * form, or more than one answer may be, is a fault in words for the backend's author.
 */
import {
  LIMITS,
  isJsonObject,
  type ChatToolCall,
  type GeneratedText,
  type JsonObject,
  type JsonValue,
  type TokenUsage,
} from '@bulkhead/protocol';

/**
 * A piece as whoever listens hears it; only what it adds.
 *
 * @experimental
 */
export type LlmPiece = Partial<GeneratedText>;

/** A piece, or what is wrong with it. */
export type ReadPiece =
  { readonly ok: true; readonly piece: LlmPiece } | { readonly ok: false; readonly fault: string };

/** Pieces on their way to a whole. */
export type Gathering = {
  /** Reads one and adds it. */
  readonly add: (value: unknown) => ReadPiece;
  readonly whole: () => GeneratedText;
  /** Something was said, thought or asked for. */
  readonly hasBegun: () => boolean;
};

const CHARACTERS_MAX = LIMITS.llm_answer_characters.value;
const TOOL_CALLS_MAX = LIMITS.llm_tool_calls.value;
const FINISH_REASONS = ['stop', 'length', 'filter', 'tool_calls'] as const;
const MODEL_CHARACTERS_MAX = 256;
const ID_CHARACTERS_MAX = 256;

/** Starts with nothing. */
export function createGathering(): Gathering {
  let characters = 0;
  let whole: GeneratedText = { text: '' };
  return {
    add: (value) => {
      const read = readPiece(value);
      if (!read.ok) return read;
      const { piece } = read;
      characters += lengthOf(piece);
      const calls = [...(whole.tool_calls ?? []), ...(piece.tool_calls ?? [])];
      if (characters > CHARACTERS_MAX) return wrong(`has more than ${CHARACTERS_MAX} characters`);
      if (calls.length > TOOL_CALLS_MAX) return wrong(`asks for more than ${TOOL_CALLS_MAX} calls of tools`);
      whole = joined(whole, piece, calls);
      return read;
    },
    whole: () => whole,
    hasBegun: () => characters > 0,
  };
}

function joined(whole: GeneratedText, piece: LlmPiece, calls: readonly ChatToolCall[]): GeneratedText {
  const reasoning = `${whole.reasoning ?? ''}${piece.reasoning ?? ''}`;
  return {
    ...whole,
    ...piece,
    text: whole.text + (piece.text ?? ''),
    ...(reasoning !== '' && { reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/** Reads one piece; a whole answer is a piece, too. */
function readPiece(value: unknown): ReadPiece {
  if (typeof value === 'string') return { ok: true, piece: { text: value } };
  if (!isJsonObject(value)) return wrong('is neither a text nor an object with one');
  const { text, reasoning, tool_calls: calls, model, usage, finish_reason: reason } = value;
  const read = {
    ...textField('text', text),
    ...textField('reasoning', reasoning),
    ...(calls !== undefined && { tool_calls: readCalls(calls) }),
    ...(model !== undefined && { model: isText(model, MODEL_CHARACTERS_MAX) ? model : undefined }),
    ...(usage !== undefined && { usage: readUsage(usage) }),
    ...(reason !== undefined && { finish_reason: FINISH_REASONS.find((word) => word === reason) }),
  };
  const odd = Object.entries(read).find(([, field]) => field === undefined);
  if (odd !== undefined) return wrong(`has a field "${odd[0]}" that is none`);
  return { ok: true, piece: read as LlmPiece }; // No field of it is undefined, as was just seen.
}

function textField(
  name: 'text' | 'reasoning',
  value: JsonValue | undefined,
): Readonly<Record<string, string | undefined>> {
  if (value === undefined) return {};
  return { [name]: typeof value === 'string' ? value : undefined };
}

function readCalls(value: JsonValue): readonly ChatToolCall[] | undefined {
  if (!Array.isArray(value) || value.length > TOOL_CALLS_MAX) return undefined;
  const calls = value.flatMap((item) => readCall(item) ?? []);
  return calls.length === value.length ? calls : undefined;
}

function readCall(value: JsonValue): ChatToolCall | undefined {
  if (!isJsonObject(value)) return undefined;
  const { id, name, arguments: given } = value;
  if (!isText(id, ID_CHARACTERS_MAX) || !isText(name, ID_CHARACTERS_MAX) || !isJsonObject(given)) return undefined;
  return { id, name, arguments: given };
}

function readUsage(value: JsonValue): TokenUsage | undefined {
  if (!isJsonObject(value)) return undefined;
  const { input_tokens: input, output_tokens: output, cost_usd: cost } = value;
  if (!isCount(input) || !isCount(output)) return undefined;
  if (cost === undefined) return { input_tokens: input, output_tokens: output };
  return isAmount(cost) ? { input_tokens: input, output_tokens: output, cost_usd: cost } : undefined;
}

function lengthOf({ text = '', reasoning = '', tool_calls: calls = [] }: LlmPiece): number {
  return text.length + reasoning.length + calls.reduce((sum, call) => sum + JSON.stringify(call.arguments).length, 0);
}

function isText(value: JsonValue | undefined, charactersMax: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= charactersMax;
}

function isCount(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isAmount(value: JsonValue): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function wrong(what: string): { readonly ok: false; readonly fault: string } {
  return { ok: false, fault: `what it answered ${what}` };
}

/** English text has some four characters a token, and so have the tokenizers' other languages at the least. */
const CHARACTERS_A_TOKEN = 4;

/** What the provider counted, or else an estimate, so that a backend which counts nothing is not free of budgets. */
export function usageOf(answer: GeneratedText, asked: JsonObject): TokenUsage {
  if (answer.usage !== undefined) return answer.usage;
  return {
    input_tokens: Math.ceil(JSON.stringify(asked).length / CHARACTERS_A_TOKEN),
    output_tokens: Math.ceil(lengthOf(answer) / CHARACTERS_A_TOKEN),
  };
}
