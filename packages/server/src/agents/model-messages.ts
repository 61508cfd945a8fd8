/**
 * A conversation as the host keeps it, and as the AI SDK takes it. What is only the SDK's own, such as its approval parts, is made
 * here and stays here.
 */
import { HostError } from '@bulkhead/host';
import { toToolCalls, toToolMessage } from '@bulkhead/host/ai-sdk';
import type { ApprovalDecision, ChatMessage, ChatToolCall } from '@bulkhead/protocol';
import type { ModelMessage } from 'ai';

type Assistant = Extract<ModelMessage, { readonly role: 'assistant' }>;

/** A conversation, and what was decided about the tools that its end asks for. */
export type Conversation = {
  readonly messages: readonly ChatMessage[];
  readonly decisions: readonly ApprovalDecision[];
};

/** Turns each message; decisions follow as answers to requests that the assistant's message is given for them. */
export function toModelMessages({ messages, decisions }: Conversation): ModelMessage[] {
  const decided = new Set(decisions.map(({ id }) => id));
  const turned = messages.map((message) => toModelMessage(message, decided));
  if (decisions.length === 0) return turned;
  const responses = decisions.map(({ id, approved, reason }) => ({
    ...{ type: 'tool-approval-response' as const, approvalId: id, approved },
    ...(reason !== undefined && { reason }),
  }));
  return [...turned, { role: 'tool', content: responses }];
}

function toModelMessage(message: ChatMessage, decided: ReadonlySet<string>): ModelMessage {
  switch (message.role) {
    case 'system':
    case 'user':
      return { role: message.role, content: message.content };
    case 'assistant':
      return { role: 'assistant', content: partsOf(message.content, message.tool_calls ?? [], decided) };
    case 'tool': {
      const { content, is_error, tool_call_id: toolCallId, tool_name: toolName } = message;
      const output = { type: is_error === true ? ('error-text' as const) : ('text' as const), value: content };
      return { role: 'tool', content: [{ type: 'tool-result', toolCallId, toolName, output }] };
    }
  }
}

function partsOf(text: string, calls: readonly ChatToolCall[], decided: ReadonlySet<string>): Assistant['content'] {
  return [
    ...(text === '' ? [] : [{ type: 'text' as const, text }]),
    ...calls.map(({ id, name, arguments: input }) => ({
      ...{ type: 'tool-call' as const, toolCallId: id, toolName: name, input },
    })),
    ...calls
      .filter(({ id }) => decided.has(id))
      .map(({ id }) => ({ type: 'tool-approval-request' as const, approvalId: id, toolCallId: id })),
  ];
}

/**
 * Turns each message back; one with several tools' results becomes one for each. What a model thought is left out.
 *
 * @throws {HostError} `REQUEST_INVALID` for a file: no backend is given any.
 */
export function fromModelMessages(messages: readonly ModelMessage[]): Conversation {
  return {
    messages: messages.flatMap((message): readonly ChatMessage[] => {
      switch (message.role) {
        case 'system':
          return [{ role: 'system', content: message.content }];
        case 'user':
          return [{ role: 'user', content: textOf(message.content) }];
        case 'assistant':
          return [fromAssistant(message)];
        case 'tool':
          return message.content.flatMap((part) => (part.type === 'tool-result' ? [toToolMessage(part)] : []));
      }
    }),
    decisions: decisionsOf(messages),
  };
}

function fromAssistant({ content }: Assistant): ChatMessage {
  const calls = typeof content === 'string' ? [] : toToolCalls(content);
  return { role: 'assistant', content: textOf(content), ...(calls.length > 0 && { tool_calls: calls }) };
}

/** Decisions about calls that have no result yet; those of earlier turns have been acted on. */
function decisionsOf(messages: readonly ModelMessage[]): readonly ApprovalDecision[] {
  const last = messages.at(-1);
  if (last?.role !== 'tool') return [];
  const said = messages.flatMap(({ role, content }) => (role === 'assistant' && Array.isArray(content) ? content : []));
  const callOf = new Map(
    said.flatMap((part) =>
      part.type === 'tool-approval-request' ? [[part.approvalId, part.toolCallId] as const] : [],
    ),
  );
  return last.content.flatMap((part) => {
    const id = part.type === 'tool-approval-response' ? callOf.get(part.approvalId) : undefined;
    if (part.type !== 'tool-approval-response' || id === undefined) return [];
    return [{ id, approved: part.approved, ...(part.reason !== undefined && { reason: part.reason }) }];
  });
}

type Content = string | readonly { readonly type: string; readonly text?: string }[];

function textOf(content: Content): string {
  if (typeof content === 'string') return content;
  const file = content.find(({ type }) => type === 'file' || type === 'image');
  if (file !== undefined)
    throw new HostError('REQUEST_INVALID', {
      message: `messages: there is a part of type "${file.type}"; language models are asked with text alone`,
    });
  return content.map((part) => (part.type === 'text' ? (part.text ?? '') : '')).join('');
}
