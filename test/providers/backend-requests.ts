/**
 * What the cassettes of our backends hold: what each is asked in replay, and was asked when it was recorded.
 */
import type { GenerateOptions } from '@bulkhead/sdk';

/** A prompt and its options. */
type Request = readonly [prompt: string, options: GenerateOptions];

const TOOLS = [
  {
    name: 'add',
    description: 'Adds two numbers.',
    parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
  },
];
const QUESTION = { role: 'user', content: 'What is 2 + 3?' } as const;
const ASKED = { id: 'call_1', name: 'add', arguments: { a: 2, b: 3 } };

/** By what they are about. */
export const REQUESTS = {
  text: ['Say hello.', { max_tokens: 64, temperature: 0 }],
  tool: ['What is 2 + 3?', { messages: [QUESTION], tools: TOOLS, model: 'model-of-the-caller' }],
  answered: [
    'What is 2 + 3?',
    {
      messages: [
        { role: 'system', content: 'Be brief.' },
        QUESTION,
        { role: 'assistant', content: '', tool_calls: [ASKED] },
        { role: 'tool', tool_call_id: 'call_1', tool_name: 'add', content: '{"result":5}' },
      ],
      tools: TOOLS,
    },
  ],
  busy: ['Are you busy?', {}],
} as const satisfies Readonly<Record<string, Request>>;
