/**
 * A prompt of the AI SDK as a chat. Files are refused, since no backend is given any.
 */
import {
  UnsupportedFunctionalityError,
  type LanguageModelV4Message,
  type LanguageModelV4Prompt,
} from '@ai-sdk/provider';
import { isJsonObject, type ChatMessage, type ChatToolCall } from '@bulkhead/protocol';

type Assistant = Extract<LanguageModelV4Message, { readonly role: 'assistant' }>;
type Tool = Extract<LanguageModelV4Message, { readonly role: 'tool' }>;
type ToolOutput = Extract<Tool['content'][number], { readonly type: 'tool-result' }>['output'];
/** `content` has parts of its own in prompts and in messages; it is written as it is. */
type ToolResult = {
  readonly toolCallId: string;
  readonly toolName: string;
  readonly output:
    Exclude<ToolOutput, { readonly type: 'content' }> | { readonly type: 'content'; readonly value: unknown };
};

/** Turns each message; one with several tools' results becomes one message for each. @throws UnsupportedFunctionalityError for files. */
export function toChat(prompt: LanguageModelV4Prompt): readonly ChatMessage[] {
  return prompt.flatMap((message): readonly ChatMessage[] => {
    switch (message.role) {
      case 'system':
        return [{ role: 'system', content: message.content }];
      case 'user':
        return [{ role: 'user', content: message.content.map(textOf).join('') }];
      case 'assistant':
        return [fromAssistant(message)];
      case 'tool':
        return message.content.flatMap((part) => (part.type === 'tool-result' ? [toToolMessage(part)] : []));
    }
  });
}

function fromAssistant({ content }: Assistant): ChatMessage {
  const calls = toToolCalls(content);
  // What a model thought is its provider's to keep; a backend is told what was said.
  const said = content.filter(({ type }) => type === 'text' || type === 'file');
  return { role: 'assistant', content: said.map(textOf).join(''), ...(calls.length > 0 && { tool_calls: calls }) };
}

/**
 * Lists what an assistant's message asks to have called.
 *
 * @internal
 */
export function toToolCalls(content: readonly AssistantPart[]): readonly ChatToolCall[] {
  return content.flatMap((part) => {
    if (part.type !== 'tool-call' || part.toolCallId === undefined || part.toolName === undefined) return [];
    const { toolCallId: id, toolName: name, input } = part;
    return [{ id, name, arguments: isJsonObject(input) ? input : {} }];
  });
}

/** A part, as prompts of providers and messages of the SDK have it. */
type AssistantPart = {
  readonly type: string;
  readonly toolCallId?: string;
  readonly toolName?: string;
  readonly input?: unknown;
};

/**
 * Turns what a tool answered.
 *
 * @internal
 */
export function toToolMessage({ toolCallId, toolName, output }: ToolResult): ChatMessage {
  const told = { role: 'tool', tool_call_id: toolCallId, tool_name: toolName } as const;
  switch (output.type) {
    case 'text':
      return { ...told, content: output.value };
    case 'json':
      return { ...told, content: JSON.stringify(output.value) };
    case 'error-text':
      return { ...told, content: output.value, is_error: true };
    case 'error-json':
      return { ...told, content: JSON.stringify(output.value), is_error: true };
    case 'execution-denied':
      return { ...told, content: output.reason ?? 'the call was not allowed', is_error: true };
    case 'content':
      return { ...told, content: JSON.stringify(output.value) };
  }
}

function textOf(part: { readonly type: string; readonly text?: string }): string {
  if (part.type === 'text' && part.text !== undefined) return part.text;
  throw new UnsupportedFunctionalityError({
    functionality: `a part of type ${part.type} in a prompt`,
    message: `the prompt has a part of type "${part.type}"; language models are asked with text alone`,
  });
}
