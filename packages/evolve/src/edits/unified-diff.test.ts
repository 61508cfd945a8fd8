import { applyPatch, createTwoFilesPatch, parsePatch } from 'diff';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EvolveError } from '../evolve-error.ts';
import { EDIT_BYTES_MAX } from './edit-bounds.ts';
import { applyUnifiedDiff } from './unified-diff.ts';

const SOURCE = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n';
const DIFF = '--- a/x.js\n+++ b/x.js\n@@ -2,3 +2,3 @@\n two\n-three\n+THREE\n four\n';
const CHANGED = SOURCE.replace('three', 'THREE');

function refusal(source: string, diff: string): { readonly code: string; readonly message: string } {
  try {
    applyUnifiedDiff(source, diff);
  } catch (error) {
    if (error instanceof EvolveError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'none', message: '' };
}

function isRefused(source: string, diff: string): boolean {
  return refusal(source, diff).code !== 'none';
}

test('a diff that fits is applied', () => {
  expect(applyUnifiedDiff(SOURCE, DIFF)).toBe(CHANGED);
});

test('prose, a code fence and names of files around a diff are passed over', () => {
  const answers = [
    `Here is the change:\n\n\`\`\`diff\n${DIFF}\`\`\`\n\nIt does this.\n- And that.\n`,
    `I changed it.\n${DIFF}\nThat is all.\n`,
    `\`\`\`\n${DIFF}\`\`\``,
    `diff --git a/x.js b/x.js\nindex 1..2 100644\n${DIFF}`,
    DIFF.split('\n').slice(2).join('\n'),
  ];
  for (const answer of answers) expect(applyUnifiedDiff(SOURCE, answer)).toBe(CHANGED);
});

test('counts that are left out are counted, and a trimmed blank of an empty line is put back', () => {
  expect(applyUnifiedDiff(SOURCE, '@@ -2 +2 @@\n two\n-three\n+THREE\n four\n')).toBe(CHANGED);
  expect(applyUnifiedDiff('a\n\nb\n', '@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n')).toBe('a\n\nc\n');
});

test('a hunk with a bare header applies where its lines stand, if that is one place', () => {
  expect(applyUnifiedDiff(SOURCE, '@@ @@\n two\n-three\n+THREE\n four\n')).toBe(CHANGED);
  expect(applyUnifiedDiff(SOURCE, '@@ ... @@\n-three\n+THREE\n')).toBe(CHANGED);
  expect(refusal('a\nb\na\n', '@@ @@\n-a\n+c\n')).toEqual({
    code: 'EDIT_AMBIGUOUS',
    message: expect.stringContaining('line 1 and again at line 3'),
  });
  expect(refusal(SOURCE, '@@ @@\n-nine\n+ten\n').code).toBe('EDIT_MISMATCH');
  expect(refusal(SOURCE, '@@ @@\n+ten\n').code).toBe('EDIT_INVALID');
  const many = '@@ @@\n-three\n+THREE\n'.repeat(101);
  expect(refusal(SOURCE, many)).toEqual({ code: 'EDIT_INVALID', message: expect.stringContaining('at most 100') });
});

test('a context that differs is refused with hunk, line, what was expected and what is there [F000-45]', () => {
  expect(refusal(SOURCE.replace('four', 'for'), DIFF)).toEqual({
    code: 'EDIT_MISMATCH',
    message: 'hunk 1 (line 3 of the diff) does not fit at line 4 of the source: expected "four", there is "for"',
  });
});

test('lines that stand elsewhere are not changed there, but named', () => {
  expect(refusal(`zero\n${SOURCE}`, DIFF)).toEqual({
    code: 'EDIT_MISMATCH',
    message: expect.stringMatching(
      /at line 2 of the source: expected "two", there is "one"; its lines stand at line 3$/,
    ),
  });
});

test('a hunk beyond the end is refused', () => {
  expect(refusal('one\n', '@@ -2,1 +2,1 @@\n-two\n+TWO\n').message).toContain('expected "two", the source has 1 lines');
  expect(refusal('one\n', '@@ -5,0 +6,1 @@\n+TWO\n').code).toBe('EDIT_MISMATCH');
});

test('a wrong count is refused, whether too few or too many', () => {
  const few = refusal(SOURCE, '@@ -2,3 +2,3 @@\n two\n-three\n+THREE\n');
  expect(few).toEqual({
    code: 'EDIT_INVALID',
    message: 'hunk 1 (line 1 of the diff) says that it has 3 lines of the source and 3 of the result; it has 2 and 2',
  });
  const many = refusal(SOURCE, '@@ -2,2 +2,2 @@\n two\n-three\n+THREE\n four\n');
  expect(many).toEqual({ code: 'EDIT_INVALID', message: expect.stringContaining('line 5 of the diff is " four"') });
  expect(isRefused(SOURCE, '@@ -2,2 +2,2 @@\n two\n-three\n+THREE\n\n-five\n')).toBe(true);
});

test('hunks that overlap or stand in the wrong order are refused', () => {
  const [first, second] = ['@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n', '@@ -2,2 +2,2 @@\n-two\n+2\n three\n'];
  expect(refusal(SOURCE, first + second)).toEqual({ code: 'EDIT_INVALID', message: expect.stringContaining('hunk 2') });
  const [early, late] = ['@@ -1,1 +1,1 @@\n-one\n+ONE\n', '@@ -3,1 +3,1 @@\n-three\n+THREE\n'];
  expect(isRefused(SOURCE, early + late)).toBe(false);
  expect(isRefused(SOURCE, late + early)).toBe(true);
});

test('a second file, a second diff, no hunk and a cut fence are refused', () => {
  const second = '--- a/y.js\n+++ b/y.js\n@@ -1,1 +1,1 @@\n-one\n+ONE\n';
  expect(refusal(SOURCE, DIFF + second).message).toContain('expected a diff of one file');
  expect(refusal(SOURCE, `diff --git a/x b/x\n${DIFF}diff --git a/y b/y\n`).message).toContain('of one file');
  expect(refusal(SOURCE, `\`\`\`diff\n${DIFF}\`\`\`\n\`\`\`diff\n${second}\`\`\`\n`).message).toContain('2 diffs');
  for (const nothing of ['', 'I would rather not.', '--- a/x\n+++ b/x\n']) {
    expect(refusal(SOURCE, nothing)).toEqual({ code: 'EDIT_INVALID', message: expect.stringContaining('no hunk') });
  }
  expect(refusal(SOURCE, `\`\`\`diff\n${DIFF}`).message).toContain('not closed');
  expect(refusal(SOURCE, '@@ two @@\n-two\n').code).toBe('EDIT_INVALID');
});

test('a diff of more than 204,800 bytes of UTF-8 is refused, one byte less is read [F000-45]', () => {
  const text = 'é'.repeat((EDIT_BYTES_MAX - '@@ -0,0 +1,1 @@\n+\n'.length) / 2);
  const largest = `@@ -0,0 +1,1 @@\n+${text}\n`;
  expect(Buffer.byteLength(largest)).toBeGreaterThanOrEqual(EDIT_BYTES_MAX - 1);
  expect(applyUnifiedDiff('', largest)).toBe(`${text}\n`);
  expect(refusal('', `${largest}ab`)).toEqual({ code: 'EDIT_TOO_LARGE', message: expect.stringContaining('204800') });
});

test('line ends of the file are kept, in whichever way the diff ends its lines', () => {
  const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
  expect(applyUnifiedDiff(crlf(SOURCE), DIFF)).toBe(crlf(CHANGED));
  expect(applyUnifiedDiff(crlf(SOURCE), crlf(DIFF))).toBe(crlf(CHANGED));
  expect(applyUnifiedDiff(SOURCE, crlf(DIFF))).toBe(CHANGED);
  expect(applyUnifiedDiff(crlf(SOURCE), crlf(`Look:\n\`\`\`diff\n${DIFF}\`\`\`\n`))).toBe(crlf(CHANGED));
});

test('a last line without an end keeps having none, and a mark that says otherwise must be true', () => {
  expect(applyUnifiedDiff('a\nb', '@@ -1,2 +1,2 @@\n a\n-b\n+c\n')).toBe('a\nc');
  expect(applyUnifiedDiff('a\nb', '@@ -2,1 +2,1 @@\n-b\n\\ No newline at end of file\n+c\n')).toBe('a\nc\n');
  expect(applyUnifiedDiff('a\nb\n', '@@ -2,1 +2,1 @@\n-b\n+c\n\\ No newline at end of file\n')).toBe('a\nc');
  expect(isRefused('a\nb\n', '@@ -2,1 +2,1 @@\n-b\n\\ No newline at end of file\n+c\n')).toBe(true);
  expect(isRefused('a\nb\n', '@@ -1,1 +1,1 @@\n-a\n+c\n\\ No newline at end of file\n')).toBe(true);
});

const line = fc.constantFrom('a', 'b', 'c', '', '-- x', '++ y', '@@', '\\ z', '  d', 'é', 'e\r');
const text = fc
  .tuple(fc.array(line, { maxLength: 14 }), fc.constantFrom('', '\n'), fc.constantFrom('\n', '\r\n'))
  .map(([lines, end, lineEnd]) => (lines.length === 0 ? '' : (lines.join('\n') + end).replaceAll('\n', lineEnd)));
const context = fc.integer({ min: 0, max: 4 });

function made(before: string, after: string, lines: number): string {
  return createTwoFilesPatch('a/x', 'b/x', before, after, undefined, undefined, { context: lines });
}

test('what the library says of two texts makes one of the other, exactly', () => {
  fc.assert(
    fc.property(text, text, context, (before, after, lines) => {
      const diff = made(before, after, lines);
      // A diff that only adds, without context, does not say how its source ends its lines; the source itself does.
      fc.pre(before !== after && (before === '' || /^[ -](?!-- )/m.test(diff) || !`${before}${after}`.includes('\r')));
      expect(applyUnifiedDiff(before, diff)).toBe(after);
    }),
    { numRuns: 2_000 },
  );
});

test('a diff against another source is refused, or every line that it names stands there', () => {
  fc.assert(
    fc.property(text, text, text, (before, after, other) => {
      fc.pre(before !== after && !/\r/.test(before + after + other));
      const diff = made(before, after, 1);
      if (isRefused(other, diff)) return;
      const lines = other.split('\n');
      for (const { oldStart, oldLines, lines: all } of parsePatch(diff)[0]?.hunks ?? []) {
        const old = all.filter((each) => each.startsWith(' ') || each.startsWith('-')).map((each) => each.slice(1));
        expect(lines.slice(oldStart - 1, oldStart - 1 + oldLines)).toEqual(old);
      }
      const said = applyPatch(other, diff, { fuzzFactor: 0, autoConvertLineEndings: false });
      // The library takes no diff whose last line should have an end; here a source without one keeps having none.
      if (said !== false && said.endsWith('\n') === applyUnifiedDiff(other, diff).endsWith('\n')) {
        expect(applyUnifiedDiff(other, diff)).toBe(said);
      }
    }),
    { numRuns: 3_000 },
  );
});

test('whatever is written, it is applied or refused with an error of ours', () => {
  const pieces = fc.constantFrom(
    '@@ -1,2 +1,2 @@',
    '@@ @@',
    '@@',
    ' a',
    '-a',
    '+b',
    '',
    '\\ No',
    '--- a/x',
    '+++ b/x',
    '```',
  );
  fc.assert(
    fc.property(text, fc.array(pieces, { maxLength: 12 }), (source, lines) => {
      expect(['none', 'EDIT_INVALID', 'EDIT_MISMATCH', 'EDIT_AMBIGUOUS']).toContain(
        refusal(source, lines.join('\n')).code,
      );
    }),
    { numRuns: 2_000 },
  );
});
