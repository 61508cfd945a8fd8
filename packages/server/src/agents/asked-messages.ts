/**
 * The conversation that a request brings: a prompt, a chat in the host's own form, or messages of the AI SDK's UI.
 */
import { HostError } from '@bulkhead/host';
import type { ChatMessage } from '@bulkhead/protocol';
import type { RunBody } from './agent-schemas.ts';
import type { Conversation } from './model-messages.ts';

/** Reads it. @throws {HostError} `REQUEST_INVALID` where it says nothing, or two things. */
export async function askedMessages({ prompt, messages, instructions }: RunBody): Promise<Conversation> {
  if ((prompt === undefined) === (messages === undefined))
    throw new HostError('REQUEST_INVALID', { message: 'expected either `prompt` or `messages`' });
  const asked = await readMessages(prompt, messages ?? []);
  if (instructions === undefined) return asked;
  return { ...asked, messages: [{ role: 'system', content: instructions }, ...asked.messages] };
}

async function readMessages(
  prompt: string | undefined,
  messages: NonNullable<RunBody['messages']>,
): Promise<Conversation> {
  if (prompt !== undefined) return { messages: [{ role: 'user', content: prompt }], decisions: [] };
  if (messages.some((message) => 'parts' in message)) return readUiMessages(messages);
  return { messages: messages as unknown as readonly ChatMessage[], decisions: [] }; // The host judges them.
}

async function readUiMessages(messages: readonly unknown[]): Promise<Conversation> {
  const [{ convertToModelMessages, safeValidateUIMessages }, { fromModelMessages }] = await Promise.all([
    import('ai'),
    import('./model-messages.ts'),
  ]);
  const read = await safeValidateUIMessages({
    messages: messages.map((message, index) => ({ id: String(index), ...Object(message) })),
  });
  if (!read.success)
    throw new HostError('REQUEST_INVALID', {
      message: 'messages: a message with `parts` is not one of the AI SDK’s UI',
    });
  return fromModelMessages(await convertToModelMessages(read.data, { ignoreIncompleteToolCalls: true }));
}
