import { expect, test } from 'vitest';
import pc from 'picocolors';
import { columns, plain, tableLines } from './table.ts';

const colors = pc.createColors(true);

test('columns are as wide as their widest cell; the last is left as it is', () => {
  expect(
    columns([
      ['a', 'bb', 'c'],
      ['aaa', 'b', 'cc'],
    ]),
  ).toEqual(['a    bb  c', 'aaa  b   cc']);
  expect(columns([])).toEqual([]);
});

test('width is what is seen: wide characters count twice, colours nothing', () => {
  const green = { text: 'ok', paint: (text: string) => `\u001B[32m${text}\u001B[39m` };
  expect(
    columns([
      ['東京', 'x'],
      [green, 'y'],
    ]),
  ).toEqual(['東京  x', '\u001B[32mok\u001B[39m    y']);
});

test('a table has a head, and is nothing at all without rows', () => {
  expect(tableLines(['name', 'state'], [['a', 'b']], colors)).toEqual([
    `${colors.dim('NAME')}  ${colors.dim('STATE')}`,
    'a     b',
  ]);
  expect(tableLines(['name'], [], colors)).toEqual([]);
});

test('no cell can steer the terminal, break its line or turn its text around', () => {
  const hostile = 'a\u001B[2J\u001B]0;title\u0007b\r\nc\u202Ed\u200B\u0000e';
  expect(plain(hostile)).toBe('ab cde');
  expect(columns([[hostile, 'x']])).toEqual(['ab cde  x']);
});
