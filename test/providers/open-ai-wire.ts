/**
 * The chat completions of OpenAI, with what OpenRouter adds to them: the cost of an answer.
 */
import { readAsked, tokensIn, USAGE, type Answering, type Wire } from './wire.ts';

/** `POST …/chat/completions`. */
export const openAiWire: Wire = {
  path: '/chat/completions',
  keyIn: ({ authorization }) => /^Bearer (.+)$/.exec(authorization ?? '')?.[1],
  read: readAsked,
  whole: (answering) => {
    const { answer } = answering;
    const calls = callsOf(answering);
    const message = {
      role: 'assistant',
      content: answer.text ?? null,
      ...(answer.reasoning !== undefined && { reasoning: answer.reasoning, reasoning_content: answer.reasoning }),
      ...(calls.length > 0 && { tool_calls: calls }),
    };
    const choices = [{ index: 0, message, finish_reason: finishOf(answering) }];
    return { ...headOf(answering, 'chat.completion'), choices, usage: usageOf(answering) };
  },
  events: (answering) => {
    const { answer } = answering;
    const deltas = [
      { role: 'assistant', content: '' },
      ...tokensIn(answer.reasoning).map((text) => ({ reasoning: text, reasoning_content: text })),
      ...tokensIn(answer.text).map((content) => ({ content })),
      ...callsOf(answering).flatMap(({ function: asked, ...call }, index) => [
        { tool_calls: [{ index, ...call, function: { name: asked.name, arguments: '' } }] },
        ...halves(asked.arguments).map((text) => ({ tool_calls: [{ index, function: { arguments: text } }] })),
      ]),
    ];
    const chunk = (more: object): string => event({ ...headOf(answering, 'chat.completion.chunk'), ...more });
    return [
      ...deltas.map((delta) => chunk({ choices: [{ index: 0, delta, finish_reason: null }] })),
      chunk({ choices: [{ index: 0, delta: {}, finish_reason: finishOf(answering) }] }),
      ...(isUsageAsked(answering) ? [chunk({ choices: [], usage: usageOf(answering) })] : []),
      'data: [DONE]\n\n',
    ];
  },
  refusal: (status, message) => ({ error: { message, type: status === 429 ? 'rate_limit' : 'error', code: status } }),
};

function event(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function headOf({ asked, number }: Answering, object: string): object {
  return { id: `chatcmpl-${number}`, object, created: 1_700_000_000, model: asked.model };
}

function callsOf({ answer: { toolCalls = [] } }: Answering) {
  return toolCalls.map(({ id, name, arguments: text }) => ({
    id,
    type: 'function',
    function: { name, arguments: text },
  }));
}

function halves(text: string): readonly string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((half) => half !== '');
}

function finishOf({ answer: { toolCalls = [], finish = 'stop' } }: Answering): string {
  if (toolCalls.length > 0) return 'tool_calls';
  return finish === 'filter' ? 'content_filter' : finish;
}

function isUsageAsked({ asked: { body } }: Answering): boolean {
  const { stream_options: options, usage } = body as {
    stream_options?: { include_usage?: unknown };
    usage?: { include?: unknown };
  };
  return options?.include_usage === true || usage?.include === true;
}

function usageOf({ answer: { usage = USAGE, costUsd } }: Answering): object {
  const { input, output } = usage;
  const counted = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  return costUsd === undefined ? counted : { ...counted, cost: costUsd };
}
