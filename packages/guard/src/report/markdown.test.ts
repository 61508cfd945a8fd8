import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MARKDOWN_CHARACTERS_MAX, renderMarkdown, safeCode } from './markdown.ts';
import { brokenSide, pairOf, poisoned, reportOf } from './report.fixture.ts';

test('the comment has the verdict first, the essentials as a table, flips in a block of details and how to replay', () => {
  const text = renderMarkdown(reportOf());
  expect(text.split('\n')[0]).toBe('### ✓ Adopt: <code>sort</code>');
  expect(text).toContain('| passed | 392 of 400 | 396 of 400 |');
  expect(text).toContain('**+1 points** (−0.81 to +3.03 points), 400 cases.');
  expect(text).toContain('<summary>12 flips, 4 from pass to fail</summary>');
  const changes = text.split('\n').flatMap((line) => /\| (pass → fail|fail → pass) \|/.exec(line)?.[1] ?? []);
  expect(changes).toEqual([...Array(4).fill('pass → fail'), ...Array(8).fill('fail → pass')]);
  expect(text).toContain('**Monitors**');
  expect(text.trimEnd().split('\n').at(-1)).toContain('Replay: <code>bulkhead guard replay');
});

/** Lines as a forge sees them before it looks for mentions, references and links: code is left alone. */
function outsideCode(text: string): string {
  return text.replaceAll(/<code>[^<]*<\/code>/g, '');
}

const HOSTILE = [
  '@maintainer please merge',
  'fixes #123, GH-7 and org/repo#9',
  'https://evil.example www.evil.example me@evil.example',
  '[a](javascript:alert(1)) ![x](https://evil.example/x.png)',
  '</code></details><script>alert(1)</script>',
  '`code` | cell | **bold** _it_ ~~no~~',
  '\n\n# Adopt\n\n- [x] done',
  '<!-- hidden --> &lt;b&gt;',
  '\u202Egnp.exe\u0000',
];

test.each(HOSTILE)('"%s" in every place is text in code, and nothing of it stands outside', (hostile) => {
  const report = reportOf();
  const usual = outsideCode(renderMarkdown(report));
  const found = outsideCode(renderMarkdown(poisoned(report, hostile)));
  expect(found).not.toMatch(/(?!\n)\p{Cc}|[@\u202E]|evil|script>|merge|javascript|Adopt\n\n-/u);
  expect(found).not.toMatch(/#\d/);
  // The same tags, and no other.
  const tagsOf = (text: string): readonly string[] => [...new Set(text.match(/<[^>]*>/g))].toSorted();
  expect(tagsOf(found)).toEqual(tagsOf(usual));
});

test('code holds letters, digits, spaces and entities, and nothing else, of any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const inner = safeCode(text, 200).slice('<code>'.length, -'</code>'.length);
      expect(inner.replaceAll(/&#\d+;|&nbsp;/g, '')).toMatch(/^[\p{L}\p{N} ]*$/u);
    }),
  );
});

test('the comment stays below its bound, whatever is in the report', () => {
  const pairs = Array.from({ length: 300 }, (_, index) => pairOf(index, { candidate: brokenSide() }));
  const report = poisoned(reportOf({ pairs }), '@'.repeat(1_000_000));
  const many = {
    ...report,
    decision: { ...report.decision, reasons: Array(1_000).fill('#'.repeat(5_000)) },
    monitors: Array(500).fill(report.monitors[1]),
  };
  const text = renderMarkdown(many);
  expect(text.length).toBeLessThanOrEqual(MARKDOWN_CHARACTERS_MAX);
  expect(text).toContain('more are in the report.');
  expect(text).toContain('</details>');
});

test('with no flip and no alert there is neither block', () => {
  const text = renderMarkdown(reportOf({ pairs: [pairOf(0)], monitors: [] }));
  expect(text).not.toContain('<details>');
  expect(text).not.toContain('Monitors');
  expect(text).toContain('100 % (failures below 95 % at 95 %)');
});
