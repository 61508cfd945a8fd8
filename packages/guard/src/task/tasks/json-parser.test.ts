import type { JsonValue } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { generateCases } from '../cases.ts';
import { brokenOf, failedOf, judgeAll, type Solve } from './judge-all.fixture.ts';
import { JSON_PARSER } from './json-parser.ts';

type Answer = { ok: true; value: JsonValue } | { ok: false };

const read = (text: string, reviver?: (key: string, value: JsonValue) => JsonValue | undefined): Answer => {
  try {
    return { ok: true, value: JSON.parse(text, reviver) as JsonValue };
  } catch {
    return { ok: false };
  }
};
const mended =
  (pattern: RegExp, put: string): Solve =>
  (text: string) =>
    read(text.replaceAll(pattern, put));
const refusing =
  (pattern: RegExp): Solve =>
  (text: string) =>
    pattern.test(text) ? { ok: false } : read(text);
const reviving =
  (change: (key: string, value: JsonValue) => JsonValue | undefined): Solve =>
  (text: string) =>
    read(text, change);

test('a good half of the cases is JSON, and among the rest are texts that lack one character', () => {
  const cases = generateCases(JSON_PARSER, { n: 400, seed: 42 });
  const taken = cases.filter(({ args }) => read(args[0]).ok).length;
  expect(taken).toBeGreaterThan(160);
  expect(taken).toBeLessThan(320);
  const groups = cases.map(({ args }) => JSON_PARSER.group(args, { ok: false }));
  expect(groups.filter((group) => group === 'json')).toHaveLength(taken);
  expect(generateCases(JSON_PARSER, { n: 40, seed: 42 })).toEqual(cases.slice(0, 40));
  expect(cases.some(({ args }) => /^(?:\[{30,}|(?:\{"a":){30,})/u.test(args[0]))).toBe(true);
});

test.each<[string, Solve]>([
  ['zeros in front are passed over', mended(/(?<![\d.eE+-])(-?)0+(?=\d)/g, '$1')],
  ['every space is one', (text: string) => read(text.trim())],
  ['a comma at the end is passed over', mended(/,\s*([\]}])/g, '$1')],
  ['control characters stand in texts', (text: string) => read(text.replaceAll('\u0001', ''))],
  [
    'halves of pairs become question marks',
    reviving((_key, value) => (typeof value === 'string' ? value.toWellFormed() : value)),
  ],
  ['twenty levels are enough for anybody', refusing(/^(?:\s*(?:\[|\{"a":)){21}/)],
  ['"__proto__" is lost', reviving((key, value) => (key === '__proto__' ? undefined : value))],
  ['an empty key is refused', refusing(/""\s*:/)],
  [
    'large numbers lose digits',
    reviving((_key, value) => (typeof value === 'number' ? Number(value.toPrecision(12)) : value)),
  ],
  ['an exponent has no sign', refusing(/\de\+/i)],
  ['the escape of a slash is not known', refusing(/\\\//)],
  ['an empty object has no space in it', refusing(/\{\s+\}/)],
  ['an empty list has no space in it', refusing(/\[\s+\]/)],
  ['single quotes are quotes', mended(/^'(.*)'$/g, '"$1"')],
  [
    'what follows the value is passed over',
    (text: string) => (read(text).ok ? read(text) : read(text.trim().split(/\s+/)[0] ?? '')),
  ],
  ['words in any case', mended(/\b(?:true|false|null)\b/gi, 'null')],
  [
    'lists are objects',
    reviving((_key, value) => (Array.isArray(value) ? Object.fromEntries(value.entries()) : value)),
  ],
  ['nothing is null', (text: string) => (text.trim() === '' ? { ok: true, value: null } : read(text))],
  ['the answer is the value alone', (text: string) => JSON.parse(text) as JsonValue],
])('a wrong one is found within 400 cases: %s', async (_name, solve) => {
  const judged = await judgeAll(JSON_PARSER, solve);
  expect(failedOf(judged)).not.toEqual([]);
  expect(judged.flatMap(({ faults }) => faults)).toEqual([]);
});

test('the first of two keys counts: two relations and a property see it', async () => {
  const firstKey = (text: string): Answer => {
    const answer = read(text);
    return answer.ok && text.startsWith('{"a":0,')
      ? { ok: true, value: { ...(answer.value as object), a: 0 } }
      : answer;
  };
  expect(brokenOf(await judgeAll(JSON_PARSER, firstKey))).toEqual(['last_key_counts']);
});
