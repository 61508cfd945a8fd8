import { LIMITS } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createGathering, usageOf } from './generated.ts';

const gathered = (...pieces: readonly unknown[]) => {
  const gathering = createGathering();
  const faults = pieces.flatMap((piece) => {
    const read = gathering.add(piece);
    return read.ok ? [] : [read.fault];
  });
  return { whole: gathering.whole(), faults };
};

test('texts, thoughts and calls are joined in their order; of the rest the last counts', () => {
  const call = (id: string) => ({ id, name: 'add', arguments: {} });
  expect(
    gathered(
      'a',
      { text: 'b', reasoning: 'x' },
      { reasoning: 'y', tool_calls: [call('1')], model: 'm' },
      { tool_calls: [call('2')], usage: { input_tokens: 1, output_tokens: 0 } },
      { usage: { input_tokens: 2, output_tokens: 3, cost_usd: 0.1 }, finish_reason: 'tool_calls' },
    ),
  ).toEqual({
    whole: {
      text: 'ab',
      reasoning: 'xy',
      tool_calls: [call('1'), call('2')],
      model: 'm',
      usage: { input_tokens: 2, output_tokens: 3, cost_usd: 0.1 },
      finish_reason: 'tool_calls',
    },
    faults: [],
  });
});

test.for([
  [7, 'is neither a text nor an object with one'],
  [{ text: 7 }, 'has a field "text" that is none'],
  [{ reasoning: null }, 'has a field "reasoning" that is none'],
  [{ model: '' }, 'has a field "model" that is none'],
  [{ usage: { input_tokens: -1, output_tokens: 0 } }, 'has a field "usage" that is none'],
  [{ usage: { input_tokens: 1, output_tokens: 0, cost_usd: -1 } }, 'has a field "usage" that is none'],
  [{ finish_reason: 'bored' }, 'has a field "finish_reason" that is none'],
  [{ tool_calls: [{ id: '1', name: 'add', arguments: '{}' }] }, 'has a field "tool_calls" that is none'],
  [{ text: 'x'.repeat(LIMITS.llm_answer_characters.value + 1) }, 'has more than 1000000 characters'],
] as const)('what is no piece is told as such: %j', ([piece, fault]) => {
  expect(gathered(piece).faults).toEqual([`what it answered ${fault}`]);
});

test('bounds are of the whole answer, and not of each piece', () => {
  const half = 'x'.repeat(LIMITS.llm_answer_characters.value / 2);
  expect(gathered(half, half).faults).toEqual([]);
  expect(gathered(half, half, 'x').faults).toHaveLength(1);
  const calls = {
    tool_calls: Array.from({ length: 100 }, (_, id) => ({ id: String(id), name: 'add', arguments: {} })),
  };
  expect(gathered(calls, calls).faults).toEqual(['what it answered asks for more than 128 calls of tools']);
});

test('whatever comes is a piece or a fault, and changes nothing where it is a fault', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const { whole, faults } = gathered('before', value);
      if (faults.length > 0) expect(whole).toEqual({ text: 'before' });
      else expect(whole.text.startsWith('before')).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('what nobody counted is estimated, at four characters a token', () => {
  expect(usageOf({ text: 'x'.repeat(9) }, { prompt: 'hello' })).toEqual({ input_tokens: 5, output_tokens: 3 });
  const usage = { input_tokens: 1, output_tokens: 1 };
  expect(usageOf({ text: 'x', usage }, {})).toBe(usage);
});
