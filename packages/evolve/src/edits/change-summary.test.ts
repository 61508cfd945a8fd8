import fc from 'fast-check';
import { expect, test } from 'vitest';
import { summarizeChange, unifiedDiff } from './change-summary.ts';
import { applyUnifiedDiff } from './unified-diff.ts';

test('of two long texts without a line in common the diff is found at once, and applies', () => {
  const lines = (letter: string, count: number): string =>
    Array.from({ length: count }, (_, at) => `${letter}${at}`).join('\n');
  const [before, after] = [lines('a', 10_000), `${lines('b', 11_000)}\n`];
  expect(summarizeChange(before, after)).toEqual({ linesAdded: 11_000, linesRemoved: 10_000, hunks: 1 });
  expect(applyUnifiedDiff(before, unifiedDiff(before, after))).toBe(after);
  expect(unifiedDiff('', before)).toContain('\\ No newline at end of file');
});

test('a summary counts lines and hunks, and its diff applies', () => {
  const [before, after] = ['a\nb\nc\n', 'a\nB\nc\nd\n'];
  expect(summarizeChange(before, after)).toEqual({ linesAdded: 2, linesRemoved: 1, hunks: 1 });
  expect(summarizeChange(before, before)).toEqual({ linesAdded: 0, linesRemoved: 0, hunks: 0 });
  expect(unifiedDiff(before, after, 'x.ts')).toMatch(/^--- a\/x\.ts\n\+\+\+ b\/x\.ts\n@@ /);
  expect(unifiedDiff(before, before)).toBe('');
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '\n', ' ') }),
      fc.string({ unit: fc.constantFrom('a', '\n') }),
      (one, other) => {
        fc.pre(one !== other);
        expect(applyUnifiedDiff(one, unifiedDiff(one, other))).toBe(other);
      },
    ),
  );
});
