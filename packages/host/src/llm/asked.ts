/**
 * What a language model is asked, judged before a backend sees it, and a chat as one text for backends that know prompts alone.
 */
import {
  LIMITS,
  callError,
  type CallError,
  type ChatMessage,
  type GenerateOptions,
  type JsonObject,
} from '@bulkhead/protocol';
import { compileOwnSchema } from '../schema/compile-schema.ts';

const text = { type: 'string' };
const name = { type: 'string', minLength: 1, maxLength: 256 };

/** JSON Schema of {@link GenerateOptions}. */
export const OPTIONS_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    model: name,
    temperature: { type: 'number', minimum: 0, maximum: 2 },
    max_tokens: { type: 'integer', minimum: 1 },
    seed: { type: 'integer' },
    stop: { type: 'array', items: name, maxItems: 16 },
    messages: {
      type: 'array',
      minItems: 1,
      maxItems: 2_000,
      items: {
        oneOf: [
          message({ role: { enum: ['system', 'user'] } }),
          message({
            role: { const: 'assistant' },
            tool_calls: {
              type: 'array',
              maxItems: LIMITS.llm_tool_calls.value,
              items: shape({ id: name, name, arguments: { type: 'object' } }),
            },
          }),
          message({ role: { const: 'tool' }, tool_call_id: name, tool_name: name, is_error: { type: 'boolean' } }, [
            'tool_call_id',
            'tool_name',
          ]),
        ],
      },
    },
    tools: { type: 'array', maxItems: 512, items: shape({ name, description: text, parameters: { type: 'object' } }) },
    tool_choice: { enum: ['auto', 'none', 'required'] },
  },
  additionalProperties: false,
};

function shape(properties: JsonObject, required: readonly string[] = Object.keys(properties)): JsonObject {
  return { type: 'object', properties, required: [...required], additionalProperties: false };
}

function message(properties: JsonObject, required: readonly string[] = []): JsonObject {
  return shape({ ...properties, content: text }, ['role', 'content', ...required]);
}

const checkOptions = compileOwnSchema(OPTIONS_SCHEMA);

/** What a backend is called with. */
export type Asked = { readonly prompt: string; readonly options: GenerateOptions };

/** What a caller gives: a prompt, a chat, or a chat and the prompt that stands for it. */
export type Asking = { readonly prompt?: string | undefined; readonly options?: GenerateOptions | undefined };

/** Judges what is asked; the prompt of a chat that has none is made of it. */
export function readAsked({ prompt, options = {} }: Asking): Asked | CallError {
  if (prompt === undefined && options.messages === undefined) return invalid('there is neither a prompt nor a chat');
  const wrong = checkOptions(options);
  if (wrong !== undefined) return invalid(`options: ${wrong}`);
  const asked = { prompt: prompt ?? promptOf(options.messages ?? []), options };
  const bytes = Buffer.byteLength(JSON.stringify(asked));
  const allowed = LIMITS.llm_request_bytes.value;
  if (bytes <= allowed) return asked;
  const limit = { name: 'llm_request_bytes', allowed, observed: bytes, unit: 'bytes' };
  return callError('LLM_REQUEST_INVALID', { message: `it has ${bytes} bytes; expected at most ${allowed}`, limit });
}

/** A chat as one text: of a single question the question alone. */
function promptOf(messages: readonly ChatMessage[]): string {
  const [only] = messages;
  if (messages.length === 1 && only !== undefined) return only.content;
  return messages.map(({ role, content }) => `${role}: ${content}`).join('\n\n');
}

function invalid(what: string): CallError {
  return callError('LLM_REQUEST_INVALID', { message: what });
}
