import fc from 'fast-check';
import type { JsonValue } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { fillPrompt, readJsonAnswer, readPrompt } from './prompt.ts';

test.for<[string, readonly JsonValue[], string]>([
  ['Add {{0}} and {{ 1 }}.', [2, 'three'], 'Add 2 and three.'],
  ['Sort {{0}}.', [[3, 1]], 'Sort [3,1].'],
  ['Greet {{name}}, {{age}}.', [{ name: 'Ada', age: null }], 'Greet Ada, null.'],
  ['Keep {{this}} and {{9}} by {{0}}.', ['{{1}}', 'x'], 'Keep {{this}} and {{9}} by {{1}}.'],
  ['{{toString}}', [{}], '{{toString}}\n\nArguments, as a JSON list:\n[{}]'],
  ['Sum up.', [1, { a: 'b' }], 'Sum up.\n\nArguments, as a JSON list:\n[1,{"a":"b"}]'],
  ['Say hello.', [], 'Say hello.'],
  ['{{0}}', ['$& $1'], '$& $1'],
])('%j with %j is %j [F002-7] [F002-17]', ([text, args, expected]) => {
  expect(fillPrompt(text, args)).toBe(expected);
});

test('no argument is lost, whatever it says', () => {
  const args = fc.array(fc.jsonValue() as fc.Arbitrary<JsonValue>, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.string(), args, (text, all) => {
      const filled = fillPrompt(`${text.replaceAll('{', '')} {{0}}`, all);
      const [first] = all;
      expect(filled.endsWith(` ${typeof first === 'string' ? first : JSON.stringify(first)}`)).toBe(true);
    }),
  );
});

test.for([
  ['---\noutput: json\n---\nSort.', 'Sort.', 'json'],
  ['---\r\noutput: text\r\nauthor: x\r\n---\r\nSort.', 'Sort.', 'text'],
  ['---\noutput: json\n---', '', 'json'],
  ['---\ntitle: x\n---\nSort.', '---\ntitle: x\n---\nSort.', undefined],
  ['Sort.\n---\noutput: json\n---\n', 'Sort.\n---\noutput: json\n---\n', undefined],
  ['Sort.', 'Sort.', undefined],
])('the head of %j', ([content, text, output]) => {
  expect(readPrompt(content ?? '')).toEqual({ text, output });
});

test.for<[string, unknown]>([
  ['[1, 2]', { value: [1, 2] }],
  ['```json\n{"a": 1}\n```', { value: { a: 1 } }],
  ['Here it is:\n```\n[1]\n```\nAnything else?', { value: [1] }],
  ['```json\nno\n```', undefined],
  ['it is 5', undefined],
  ['', undefined],
])('the JSON of %j', ([answer, expected]) => {
  expect(readJsonAnswer(answer)).toEqual(expected);
});
