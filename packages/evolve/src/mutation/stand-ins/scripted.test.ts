import { expect, test } from 'vitest';
import { coded } from '../../coded.fixture.ts';
import { NEVER, proposalOf } from '../mutation.fixture.ts';
import type { Proposer } from '../proposer.ts';
import { createScripted, parseScript } from './scripted.ts';

async function textOf(proposer: Proposer, seed = '1/0'): Promise<string> {
  return (await proposer.propose(proposalOf({ seed }), NEVER)).text;
}

test('a script answers in its order, fails where it says so, and says where it ends', async () => {
  const text = JSON.stringify([
    'one',
    { text: 'two', usage: { input_tokens: 7, cost_usd: 0.5 } },
    { fail: { status: 529 } },
  ]);
  const proposer = createScripted(parseScript(text, 'answers.json'), 'answers.json');
  expect(await textOf(proposer)).toBe('one');
  expect(await proposer.propose(proposalOf(), NEVER)).toEqual({
    text: 'two',
    usage: { inputTokens: 7, outputTokens: 0, costUsd: 0.5 },
  });
  await expect(textOf(proposer)).rejects.toThrow(coded('BACKEND_FAILED', '529'));
  await expect(textOf(proposer)).rejects.toThrow(
    coded('SCRIPT_EXHAUSTED', 'answers.json has 3 answers, and this is request 4'),
  );
});

test('a script that is none says which answer is wrong', () => {
  expect(() => parseScript('[', 'a.json')).toThrow(coded('SCRIPT_INVALID', 'a.json is not JSON'));
  expect(() => parseScript('{}', 'a.json')).toThrow(coded('SCRIPT_INVALID', 'no array'));
  expect(() => parseScript('["a", 2]', 'a.json')).toThrow(coded('SCRIPT_INVALID', 'answer 2 of a.json'));
});
