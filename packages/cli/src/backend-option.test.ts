import { expect, test } from 'vitest';
import { parseBackend, parseStandIn } from './backend-option.ts';

test.for([
  ['scripted:answers.json', { kind: 'scripted', file: 'answers.json' }],
  ['cassette:C:/tests/now.json', { kind: 'cassette', file: 'C:/tests/now.json' }],
  ['gpt-5.mini', { kind: 'named', name: 'gpt-5.mini' }],
] as const)('%s is read', ([typed, choice]) => {
  expect(parseBackend(typed)).toEqual(choice);
});

test.for(['', 'scripted:', 'tape:x.json', 'a b', ':x'])('"%s" is no backend, and what is one is said', (typed) => {
  expect(() => parseBackend(typed)).toThrow('expected scripted:FILE, cassette:FILE or the name of a backend');
});

test('a name is none where there is no tenant that has backends', () => {
  expect(parseStandIn('scripted:a.json')).toEqual({ kind: 'scripted', file: 'a.json' });
  expect(() => parseStandIn('fast')).toThrow('--backend is "fast"; expected scripted:FILE or cassette:FILE');
});
