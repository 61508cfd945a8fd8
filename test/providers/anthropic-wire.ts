/**
 * The messages of Anthropic.
 */
import { readAsked, tokensIn, USAGE, type Answering, type Wire } from './wire.ts';

/** `POST …/messages`. */
export const anthropicWire: Wire = {
  path: '/messages',
  keyIn: (headers) => [headers['x-api-key']].flat()[0],
  read: (text) => {
    const asked = readAsked(text);
    return typeof asked === 'string' || typeof asked.body['max_tokens'] === 'number' ? asked : 'max_tokens is missing';
  },
  whole: (answering) => ({
    ...headOf(answering),
    content: blocksOf(answering).map(({ block, deltas }) => ({ ...block, ...joined(deltas) })),
    stop_reason: stopOf(answering),
    usage: { input_tokens: usageOf(answering).input, output_tokens: usageOf(answering).output },
  }),
  events: (answering) => {
    const { input, output } = usageOf(answering);
    const message = {
      ...headOf(answering),
      content: [],
      stop_reason: null,
      usage: { input_tokens: input, output_tokens: 0 },
    };
    const blocks = blocksOf(answering).flatMap(({ block, deltas }, index) => [
      event('content_block_start', { index, content_block: block }),
      ...deltas.map((delta) => event('content_block_delta', { index, delta })),
      event('content_block_stop', { index }),
    ]);
    return [
      event('message_start', { message }),
      event('ping', {}),
      ...blocks,
      event('message_delta', {
        delta: { stop_reason: stopOf(answering), stop_sequence: null },
        usage: { output_tokens: output },
      }),
      event('message_stop', {}),
    ];
  },
  refusal: (status, message) => ({ type: 'error', error: { type: ERRORS[status] ?? 'api_error', message } }),
};

const ERRORS: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

function event(type: string, value: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`;
}

function headOf({ asked, number }: Answering): object {
  return { id: `msg_${number}`, type: 'message', role: 'assistant', model: asked.model, stop_sequence: null };
}

type Delta = Readonly<Record<string, string>> & { readonly type: string };
type Block = { readonly block: object; readonly deltas: readonly Delta[] };

function blocksOf({ answer: { text, reasoning, toolCalls = [] } }: Answering): readonly Block[] {
  const thought = tokensIn(reasoning).map((thinking) => ({ type: 'thinking_delta', thinking }));
  const said = tokensIn(text).map((token) => ({ type: 'text_delta', text: token }));
  return [
    ...(thought.length === 0 ? [] : [{ block: { type: 'thinking', thinking: '', signature: 's' }, deltas: thought }]),
    ...(said.length === 0 ? [] : [{ block: { type: 'text', text: '' }, deltas: said }]),
    ...toolCalls.map(({ id, name, arguments: json }) => ({
      block: { type: 'tool_use', id, name, input: {} },
      deltas: [{ type: 'input_json_delta', partial_json: json }],
    })),
  ];
}

function joined(deltas: readonly Delta[]): object {
  const all = (key: string): string => deltas.map((delta) => delta[key] ?? '').join('');
  if (deltas[0]?.type === 'input_json_delta') return { input: JSON.parse(all('partial_json')) as unknown };
  return deltas[0]?.type === 'thinking_delta' ? { thinking: all('thinking') } : { text: all('text') };
}

function stopOf({ answer: { toolCalls = [], finish = 'stop' } }: Answering): string {
  if (toolCalls.length > 0) return 'tool_use';
  return { stop: 'end_turn', length: 'max_tokens', filter: 'refusal' }[finish];
}

function usageOf({ answer: { usage = USAGE } }: Answering): { readonly input: number; readonly output: number } {
  return usage;
}
