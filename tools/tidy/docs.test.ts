import { expect, test } from 'vitest';
import { ADR_SECTIONS, checkChanges, checkDecisions, checkLinks } from './docs.ts';

function treeOf(files: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(files));
}

const COMPLETE = ADR_SECTIONS.map((section) => `## ${section}\n`).join('\n');

test('a link to a missing file or heading is found, with its line', () => {
  const tree = treeOf({
    'docs/a.md': '# A\n\n[gone](./gone.md) [b](b.md) [root](../README.md#start-here) [bad](b.md#nowhere)\n',
    'docs/b.md': '# B\n',
    'README.md': '## Start here!\n\n[docs](docs/) [web](https://example.org) `[code](not/a/link)`\n',
  });
  expect(checkLinks(tree)).toEqual([
    { path: 'docs/a.md', line: 3, message: 'link "./gone.md" leads to no file' },
    { path: 'docs/a.md', line: 3, message: 'link "b.md#nowhere" leads to no heading of docs/b.md' },
  ]);
});

test('links inside a code block are not links', () => {
  expect(checkLinks(treeOf({ 'a.md': '```md\n[x](gone.md)\n```\n' }))).toEqual([]);
});

test('[F000-51] a decision record has its number, its name and its five sections', () => {
  expect(checkDecisions(treeOf({ 'docs/adr/0001-first.md': COMPLETE, 'docs/adr/0002-second.md': COMPLETE }))).toEqual(
    [],
  );
  const gap = checkDecisions(treeOf({ 'docs/adr/0001-first.md': COMPLETE, 'docs/adr/0003-third.md': COMPLETE }));
  expect(gap.map(({ message }) => message)).toEqual([expect.stringContaining('docs/adr/0002-<slug>.md')]);
  const short = checkDecisions(treeOf({ 'docs/adr/0001-first.md': '## Context\n\n## Decision\n' }));
  expect(short.map(({ message }) => message)).toEqual([expect.stringContaining('"## What would change our mind"')]);
});

test('[F000-39] a change note says in one line what changed, and what was before and is after', () => {
  const good = 'Refuse replies after the deadline.\n\nBefore: they were used.\nAfter: they are dropped.\n';
  expect(checkChanges(treeOf({ 'changes/late-replies.changed.md': good }))).toEqual([]);
  expect(checkChanges(treeOf({ 'changes/late-replies.md': good }))).toHaveLength(1);
  expect(checkChanges(treeOf({ 'changes/x.added.md': 'refuse replies\n\nBefore: a\nAfter: b\n' }))).toHaveLength(1);
  expect(checkChanges(treeOf({ 'changes/x.added.md': 'Refuse replies.\n\nAfter: b\n' }))).toHaveLength(1);
});
