/**
 * A model whose every answer is judged by the hooks `on_reasoning_step` before its tools are called: text is told as it comes, and
 * what the model asks to have called is held back until they have answered.
 */
import type { CallError, ChatToolCall, JsonObject } from '@bulkhead/protocol';
import type { RunningAgent } from '@bulkhead/host';
import type { LanguageModelV4, LanguageModelV4StreamPart } from '@ai-sdk/provider';

/** The hooks ended the run. */
export class StepRefused extends Error {
  override readonly name = 'StepRefused';
  readonly error: CallError;

  constructor(error: CallError) {
    super(error.message);
    this.error = error;
  }
}

/** Wraps a model; where no hook is to be asked, its stream is its own. */
export function governModel(model: LanguageModelV4, agent: RunningAgent): LanguageModelV4 {
  return {
    ...model,
    doStream: async (asked) => {
      const answer = await model.doStream(asked);
      return agent.isThoughtOver ? { ...answer, stream: answer.stream.pipeThrough(judgedBy(agent)) } : answer;
    },
  };
}

type ToolCallPart = Extract<LanguageModelV4StreamPart, { readonly type: 'tool-call' }>;
type Finish = Extract<LanguageModelV4StreamPart, { readonly type: 'finish' }>;

function judgedBy(agent: RunningAgent): TransformStream<LanguageModelV4StreamPart, LanguageModelV4StreamPart> {
  const held: ToolCallPart[] = [];
  let text = '';
  let reasoning = '';
  return new TransformStream({
    transform: async (part, controller) => {
      if (part.type === 'tool-call') return void held.push(part);
      if (part.type === 'text-delta') text += part.delta;
      if (part.type === 'reasoning-delta') reasoning += part.delta;
      if (part.type !== 'finish') return controller.enqueue(part);
      const judged = await agent.thought({ text, reasoning, toolCalls: held.map(toCall) });
      if (!judged.ok) return controller.enqueue({ type: 'error', error: new StepRefused(judged.error) });
      for (const call of judged.toolCalls) controller.enqueue(toPart(call));
      controller.enqueue(finishOf(part, held.length > 0 && judged.toolCalls.length === 0));
    },
  });
}

function toCall({ toolCallId: id, toolName: name, input }: ToolCallPart): ChatToolCall {
  return { id, name, arguments: JSON.parse(input) as JsonObject }; // The host wrote it so.
}

function toPart({ id, name, arguments: input }: ChatToolCall): ToolCallPart {
  return { type: 'tool-call', toolCallId: id, toolName: name, input: JSON.stringify(input) };
}

/** Whose every call was taken away has nothing to wait for. */
function finishOf(part: Finish, isWithoutCalls: boolean): Finish {
  return isWithoutCalls ? { ...part, finishReason: { ...part.finishReason, unified: 'stop' } } : part;
}
