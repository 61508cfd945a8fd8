/**
 * What a caller asks of a backend, in the words of the AI SDK.
 */
import type { LanguageModelV4CallOptions, LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';
import type { ChatMessage, GenerateOptions } from '@bulkhead/protocol';

type Tools = NonNullable<LanguageModelV4CallOptions['tools']>;

/** X000-19. */
const TEMPERATURE = 0.7;
const TOKENS_MAX = 4_096;

/** Returns the request for a prompt, or for the chat where there is one. */
export function callOptions(prompt: string, options: GenerateOptions | null | undefined): LanguageModelV4CallOptions {
  const { messages, tools = [], tool_choice = 'auto', stop, seed, ...rest } = options ?? {};
  const chat: readonly ChatMessage[] = messages ?? [{ role: 'user', content: prompt }];
  return {
    prompt: promptOf(chat),
    temperature: rest.temperature ?? TEMPERATURE,
    maxOutputTokens: rest.max_tokens ?? TOKENS_MAX,
    ...(stop !== undefined && { stopSequences: [...stop] }),
    ...(seed !== undefined && { seed }),
    ...(tools.length > 0 && { tools: tools.map(toolOf), toolChoice: { type: tool_choice } }),
  };
}

function toolOf({ name, description, parameters }: NonNullable<GenerateOptions['tools']>[number]): Tools[number] {
  return { type: 'function', name, description, inputSchema: parameters };
}

/** Answers of tools that follow one another are one message, as models ask for several at a time. */
function promptOf(chat: readonly ChatMessage[]): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Message[] = [];
  for (const message of chat) {
    const next = messageOf(message);
    const last = prompt.at(-1);
    if (last?.role === 'tool' && next.role === 'tool') last.content.push(...next.content);
    else prompt.push(next);
  }
  return prompt;
}

function messageOf(message: ChatMessage): LanguageModelV4Message {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
      return { role: 'user', content: [{ type: 'text', text: message.content }] };
    case 'assistant':
      return assistantOf(message);
    case 'tool':
      return toolAnswerOf(message);
    default:
      throw new TypeError('a message of the chat has a role that is none of system, user, assistant, tool');
  }
}

function assistantOf({ content, tool_calls: calls = [] }: ChatMessage & { role: 'assistant' }): LanguageModelV4Message {
  const asked = calls.map(({ id, name, arguments: input }) => {
    return { type: 'tool-call' as const, toolCallId: id, toolName: name, input };
  });
  return {
    role: 'assistant',
    content: [...(content === '' ? [] : [{ type: 'text' as const, text: content }]), ...asked],
  };
}

function toolAnswerOf(message: ChatMessage & { role: 'tool' }): LanguageModelV4Message {
  const type = message.is_error === true ? 'error-text' : 'text';
  const about = { toolCallId: message.tool_call_id, toolName: message.tool_name };
  return { role: 'tool', content: [{ type: 'tool-result', ...about, output: { type, value: message.content } }] };
}
