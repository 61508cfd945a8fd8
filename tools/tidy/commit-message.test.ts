import { expect, test } from 'vitest';
import { checkCommitMessage } from './commit-message.ts';

test('a subject names an area and what now happens, in at most 72 characters', () => {
  expect(checkCommitMessage('sandbox: refuse late replies\n\nWhy.\n', [])).toEqual([]);
  expect(checkCommitMessage('Refuse late replies\n', [])).toHaveLength(1);
  expect(checkCommitMessage(`sandbox: ${'x'.repeat(64)}\n`, [])).toEqual([expect.stringContaining('73 characters')]);
});

test('[X001-13] a commit that changes a test says TEST-CHANGE and why', () => {
  const changed = ['packages/host/src/part.test.ts'];
  expect(checkCommitMessage('host: x\n', changed)).toEqual([expect.stringContaining(changed[0] ?? '')]);
  expect(checkCommitMessage('host: x\n\nTEST-CHANGE:\n', changed)).toHaveLength(1);
  expect(checkCommitMessage('host: x\n\n# TEST-CHANGE: a comment of git\n', changed)).toHaveLength(1);
  expect(checkCommitMessage('host: x\n\nTEST-CHANGE: the deadline is now exclusive\n', changed)).toEqual([]);
});

test('what git itself writes is left alone', () => {
  expect(checkCommitMessage("Merge branch 'x'\n", ['a.test.ts'])).toEqual([]);
});
