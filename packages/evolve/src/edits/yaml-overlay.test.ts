import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { coded } from '../coded.fixture.ts';
import { applyYamlOverlay } from './yaml-overlay.ts';

test('a YAML overlay merges, and keeps the comments and the order of what it leaves alone', () => {
  const source = '# head\nb: 1 # one\na:\n  # deep\n  x: 1\n  y: 2\nlist: [1, 2]\n';
  const result = applyYamlOverlay(source, 'a:\n  y: 3\n  z: new\nlist: [3]\nb: null\nc: {d: 1}\n');
  expect(parse(result)).toEqual({ a: { x: 1, y: 3, z: 'new' }, list: [3], c: { d: 1 } });
  expect(result).toContain('  # deep\n  x: 1\n');
  expect(applyYamlOverlay(source, 'b: 2\n')).toMatch(/^# head\nb: 2 # one\na:\n/);
  expect(parse(applyYamlOverlay('', 'a: 1'))).toEqual({ a: 1 });
  expect(() => applyYamlOverlay(source, '- 1\n')).toThrow(coded('EDIT_INVALID', 'no mapping'));
  expect(() => applyYamlOverlay('a: [', 'a: 1')).toThrow(coded('SOURCE_INVALID', 'not one YAML document'));
});

test('a YAML overlay tells numbers from texts as keys, and merges into what an alias stands for', () => {
  expect(parse(applyYamlOverlay('1: a\n', '1: b\n"1": c\n'), { mapAsMap: true })).toEqual(
    new Map<unknown, string>([
      [1, 'b'],
      ['1', 'c'],
    ]),
  );
  const source = 'base: &base {x: 1}\ncopy: *base\n';
  expect(parse(applyYamlOverlay(source, 'copy: {y: 2}'))).toEqual({ base: { x: 1 }, copy: { x: 1, y: 2 } });
  expect(parse(applyYamlOverlay('a: 1\n', 'b: &b {x: 1}\nc: *b'))).toEqual({ a: 1, b: { x: 1 }, c: { x: 1 } });
  expect(() => applyYamlOverlay('a: 1\n', 'a: &a {b: *a}')).toThrow(coded('EDIT_INVALID', ''));
});

test('a YAML overlay whose aliases multiply is refused', () => {
  const bomb = [
    'a0: &a0 [x]',
    ...Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(9)}]`),
  ];
  expect(() => applyYamlOverlay('a: 1\n', bomb.join('\n'))).toThrow(coded('EDIT_INVALID', 'aliases'));
});
