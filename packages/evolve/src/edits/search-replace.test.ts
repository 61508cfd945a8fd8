import { expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { applySearchReplace } from './search-replace.ts';

const block = (search: string, replace: string): string =>
  `<<<<<<< SEARCH\n${search}=======\n${replace}>>>>>>> REPLACE\n`;

test('SEARCH/REPLACE blocks replace whole lines that stand once, in whatever order they come', () => {
  const answer = `First:\n${block('three\n', '3\nIII\n')}then\n\`\`\`\n${block('one\n', '')}\`\`\``;
  expect(applySearchReplace('one\ntwo\nthree\n', answer)).toBe('two\n3\nIII\n');
  expect(applySearchReplace('one\r\ntwo', block('two\n', '2\n'))).toBe('one\r\n2');
  expect(applySearchReplace('', block('', 'one\n'))).toBe('one\n');
});

test('a SEARCH that stands nowhere, twice, within a line or in another block is refused', () => {
  const source = 'a = 1\nb = 2\na = 1\n';
  expect(() => applySearchReplace(source, block('a = 1\n', ''))).toThrow(
    coded('EDIT_AMBIGUOUS', 'line 1 and again at line 3'),
  );
  expect(() => applySearchReplace(source, block('b\n', 'c\n'))).toThrow(coded('EDIT_MISMATCH', 'block 1'));
  expect(() => applySearchReplace(source, block('b = 2 \n', 'c\n'))).toThrow(coded('EDIT_MISMATCH', 'b = 2 '));
  const overlapping = block('a = 1\nb = 2\n', '') + block('b = 2\na = 1\n', '');
  expect(() => applySearchReplace(source, overlapping)).toThrow(coded('EDIT_INVALID', 'overlaps'));
  expect(() => applySearchReplace(source, block('', 'c\n'))).toThrow(coded('EDIT_INVALID', 'SEARCH of block 1'));
  expect(() => applySearchReplace(source, '<<<<<<< SEARCH\nb = 2\n')).toThrow(coded('EDIT_INVALID', 'not closed'));
  expect(() => applySearchReplace(source, 'b = 3')).toThrow(coded('EDIT_INVALID', '0 SEARCH/REPLACE blocks'));
});
