import { expect, test } from 'vitest';
import { contractIdsOf, summarizeIds } from './contracts.ts';

test('ids are read once each, in order, ranges in full', () => {
  const text = ['[F003-2] a', '[F003-21..23] b', '[F003-2] again', '[other]'].join('\n');
  expect(contractIdsOf(text)).toEqual(['F003-2', 'F003-21', 'F003-22', 'F003-23']);
});

test('a summary has one line a family', () => {
  expect(summarizeIds(['F001-1', 'F001-4', 'X001-2'])).toEqual(['F001 (2): 1 4', 'X001 (1): 2']);
});
