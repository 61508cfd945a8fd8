/**
 * Takes the edit out of an answer and applies it, strictly. What is read is the form that the answer is in; a whole source is taken only
 * where one was asked for, because a fence with a part of one looks the same.
 */
import { applyFullRewrite } from '../edits/full-rewrite.ts';
import { assertEditSize } from '../edits/edit-bounds.ts';
import { applySearchReplace, hasSearchBlocks } from '../edits/search-replace.ts';
import { applyUnifiedDiff } from '../edits/unified-diff.ts';
import type { EditForm } from './proposer.ts';

const HUNK = /^@@[ .\r]*(?:-\d.*)?(?:@@.*)?$/m;

/** Applies an answer to the source that it was asked for. @throws {EvolveError} as the form that it is read as. */
export function applyAnswer(source: string, answer: string, form: EditForm): string {
  assertEditSize(answer, 'the answer');
  if (hasSearchBlocks(answer)) return applySearchReplace(source, answer);
  return form === 'diff' || HUNK.test(answer) ? applyUnifiedDiff(source, answer) : applyFullRewrite(source, answer);
}
