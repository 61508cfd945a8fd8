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
type ToolResult = Extract<Tool['content'][number], { readonly type: 'tool-result' }>;

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
        return message.content.flatMap((part) => (part.type === 'tool-result' ? [fromResult(part)] : []));
    }
  });
}

function fromAssistant({ content }: Assistant): ChatMessage {
  const calls = content.flatMap((part): readonly ChatToolCall[] => {
    if (part.type !== 'tool-call') return [];
    const { toolCallId: id, toolName: name, input } = part;
    return [{ id, name, arguments: isJsonObject(input) ? input : {} }];
  });
  // What a model thought is its provider's to keep; a backend is told what was said.
  const said = content.filter(({ type }) => type === 'text' || type === 'file');
  return { role: 'assistant', content: said.map(textOf).join(''), ...(calls.length > 0 && { tool_calls: calls }) };
}

function fromResult({ toolCallId, toolName, output }: ToolResult): ChatMessage {
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
