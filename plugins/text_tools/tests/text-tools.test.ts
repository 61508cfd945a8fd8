import { createTestContext } from '@bulkhead/sdk/testing';
import { expect, test } from 'vitest';
import plugin from '../main.ts';
import manifest from '../plugin.json' with { type: 'json' };
import { extractUrls, normalizeWhitespace, slugify, truncate } from '../text.ts';

const context = createTestContext();
const [wordCount] = plugin.tools;

test('it is a definePlugin plugin of five tools that say what they return and may be tried again [F003-39]', () => {
  expect(plugin.tools.map((tool) => tool.name)).toEqual([
    'word_count',
    'slugify',
    'truncate',
    'extract_urls',
    'normalize_whitespace',
  ]);
  for (const tool of plugin.tools) {
    expect(tool.returns).toMatchObject({ type: 'object', additionalProperties: false });
    expect(tool.idempotent).toBe(true);
  }
});

test('it is healthy and asks for no permission [F004-12]', () => {
  expect(plugin.healthCheck().status).toBe('healthy');
  expect(manifest.required_permissions).toEqual([]);
});

test.for([
  ['', { words: 0, characters: 0, sentences: 0, lines: 0 }],
  ['one', { words: 1, characters: 3, sentences: 1, lines: 1 }],
  ['Don’t stop. Go on!', { words: 4, characters: 18, sentences: 2, lines: 1 }],
  ['a\nb\r\nc', { words: 3, characters: 5, sentences: 3, lines: 3 }],
  ['👩‍👩‍👧‍👦 é', { words: 1, characters: 3, sentences: 1, lines: 1 }],
  ['...', { words: 0, characters: 3, sentences: 1, lines: 1 }],
] as const)('word_count of %j', ([text, counts]) => {
  expect(wordCount.execute({ text }, context)).toEqual(counts);
});

test.for([
  ['Hello, World!', 'hello-world'],
  ['  Ünïcödé & Straße  ', 'unicode-strasse'],
  ['Łódź 2026', 'lodz-2026'],
  ['--a--b--', 'a-b'],
  ['ﬁne', 'fine'],
  ['日本語', ''],
  ['', ''],
] as const)('the slug of %j is %j', ([text, slug]) => {
  expect(slugify(text, 80)).toBe(slug);
});

test('a slug that is cut ends with no hyphen', () => {
  expect(slugify('one two three', 8)).toBe('one-two');
  expect(slugify('one two three', 7)).toBe('one-two');
  expect(slugify('one two three', 6)).toBe('one-tw');
});

test.for([
  ['short', 10, '…', { text: 'short', truncated: false }],
  ['exactly ten', 11, '…', { text: 'exactly ten', truncated: false }],
  ['The quick brown fox', 12, '…', { text: 'The quick…', truncated: true }],
  ['The quick brown fox', 10, '…', { text: 'The quick…', truncated: true }],
  ['The quick brown fox', 13, ' [more]', { text: 'The [more]', truncated: true }],
  ['Supercalifragilistic', 6, '…', { text: 'Super…', truncated: true }],
  ['ab', 1, '...', { text: '.', truncated: true }],
  ['👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 2, '…', { text: '👩‍👩‍👧‍👦…', truncated: true }],
] as const)('%j in %d characters with %j', ([text, charactersMax, ellipsis, expected]) => {
  expect(truncate(text, charactersMax, ellipsis)).toEqual(expected);
});

test.for([
  ['see https://a.test/b, and http://c.test.', ['https://a.test/b', 'http://c.test']],
  ['(https://a.test/b) [https://a.test/c]', ['https://a.test/b', 'https://a.test/c']],
  ['https://a.test/wiki/B_(c)', ['https://a.test/wiki/B_(c)']],
  ['twice https://a.test https://a.test', ['https://a.test']],
  ['<a href="https://a.test/?q=1&r=2">x</a>', ['https://a.test/?q=1&r=2']],
  ['HTTPS://A.test/X', ['HTTPS://A.test/X']],
  ['https:// http://. ftp://a.test mailto:a@a.test', []],
] as const)('the URLs in %j', ([text, urls]) => {
  expect(extractUrls(text)).toEqual(urls);
});

test('white space is joined, lines are trimmed and paragraphs stay apart', () => {
  expect(normalizeWhitespace('  a \t b\r\n\r\n\r\n\n c\u00a0d  \n')).toBe('a b\n\nc d');
  expect(normalizeWhitespace(' \n ')).toBe('');
});

test('the longest text is counted and searched in linear time', () => {
  const hostile = 'https://'.repeat(25_000);
  expect(extractUrls(hostile)).toHaveLength(1);
  expect(slugify('-'.repeat(200_000), 80)).toBe('');
  expect(normalizeWhitespace(' \n'.repeat(100_000))).toBe('');
  expect(extractUrls(`https://a.test/${')'.repeat(199_000)}`)).toEqual(['https://a.test/']);
});
