import { expect, test } from 'vitest';
import { generateCases } from '../cases.ts';
import { brokenOf, failedOf, judgeAll, type Solve } from './judge-all.fixture.ts';
import { LABELS, PROMPT_PAIR } from './prompt-pair.ts';

const labelOf = (message: string): string => {
  const text = message.toLowerCase();
  if (/invoice|charged|refund/.test(text)) return 'billing';
  if (/password|sign +in|account/.test(text)) return 'login';
  return /parcel|courier|delivery/.test(text) ? 'shipping' : 'other';
};

test('every label is the right one for some message, and that is its group', () => {
  const groups = generateCases(PROMPT_PAIR, { n: 100, seed: 1 }).map(({ args }) => PROMPT_PAIR.group(args, ''));
  expect(new Set(groups)).toEqual(new Set(LABELS));
});

test('answers that name one label in other words are equal', () => {
  expect(PROMPT_PAIR.equivalence('billing', 'It is about Billing.')).toBe(true);
  expect(PROMPT_PAIR.equivalence('billing', 'login')).toBe(false);
});

test('one metric counts right labels, the other characters', () => {
  const [right, length] = PROMPT_PAIR.metrics;
  expect(right?.extract('login', ['I cannot sign in'])).toBe(1);
  expect(right?.extract('other', ['I cannot sign in'])).toBe(0);
  expect(length?.extract('login', ['I cannot sign in'])).toBe(5);
});

test.each<[string, Solve, readonly string[]]>([
  ['a question back', () => 'Could you say more?', ['one_label']],
  ['all labels', () => LABELS.join(', '), ['one_label']],
  ['nothing', () => '', ['one_label']],
  ['an object', (message: string) => ({ label: labelOf(message) }), ['is_result']],
  [
    'thanks are taken for no complaint',
    (message: string) => (message.includes('Thank') ? 'other' : labelOf(message)),
    ['polite'],
  ],
  [
    'capitals are taken for anger',
    (message: string) => (message === message.toUpperCase() ? 'billing' : labelOf(message)),
    ['shouted'],
  ],
  [
    'words with two spaces are not known',
    (message: string) => (message.includes('  ') ? 'other' : labelOf(message)),
    ['more_space'],
  ],
])('a wrong one is found within 400 cases: %s', async (_name, solve, names) => {
  const judged = await judgeAll(PROMPT_PAIR, solve);
  expect(failedOf(judged)).not.toEqual([]);
  expect(brokenOf(judged)).toEqual(expect.arrayContaining([...names]));
});
