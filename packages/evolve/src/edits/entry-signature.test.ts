import { expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { readEntry } from './entry-signature.ts';
import { checkEntry, readWrittenEntry, type EntrySignature } from './written-entry.ts';

const read = (source: string, fileName = 'sort.ts', name = 'sort'): EntrySignature =>
  readEntry(source, { name, fileName });

test('an entry function is found however it is declared and exported', () => {
  const ways = [
    'export function sort(a: number[], b = 1): number[] { return a; }',
    'export const sort = (a, b) => a;',
    'const sort = function (a, b) { return a; }; export { sort };',
    'function inner(a, b) {} export { inner as sort };',
    'export default function sort(a, b) {}',
    'function sort(a, b) {}',
  ];
  for (const way of ways) expect(read(way)).toMatchObject({ name: 'sort', parameters: 2, isAsync: false });
  expect(read('export async function sort(list: string[]): Promise<void> {\n}')).toMatchObject({
    text: 'async function sort(list: string[]): Promise<void>',
    parameters: 1,
    isAsync: true,
    exports: ['sort'],
  });
});

test('a name may have letters of any script, whatever the language', () => {
  expect(read('export function größe(a) { return a; }', 'a.ts', 'größe')).toMatchObject({ parameters: 1 });
  expect(read('fn größe(a: u8) -> u8 { a }', 'a.rs', 'größe')).toMatchObject({ name: 'größe', parameters: 'a: u8' });
});

test('where the entry is not there, the functions that are there are named', () => {
  const source = 'export function one() {}\nconst two = () => 2;\nexport { two };';
  expect(() => read(source)).toThrow(coded('ENTRY_NOT_FOUND', 'expected "one", "two"'));
});

test('a source that cannot be parsed, or has no such function, is refused', () => {
  expect(() => read('export function sort( {')).toThrow(coded('SOURCE_INVALID', 'cannot be parsed'));
  expect(() => read('export const sort = 1;')).toThrow(coded('ENTRY_NOT_FOUND', '"sort"'));
  expect(() => read('function a() { function sort() {} }')).toThrow(coded('ENTRY_NOT_FOUND', 'top of the source'));
  expect(() => read('x', 'sort.ts', 'a b')).toThrow(coded('ENTRY_NOT_FOUND', 'expected the name'));
});

test('a change must keep parameters, kind of function and exports', () => {
  const before = read('export function sort(a, b) { return a; }\nexport const VERSION = 1;');
  const after = (source: string) => (): void => checkEntry(before, read(source));
  expect(after('export const VERSION = 2;\nexport function sort(x, y) { return y; }')).not.toThrow();
  const wrong: readonly (readonly [string, string])[] = [
    ['export function sort(a) {}\nexport const VERSION = 1;', 'the parameters of sort'],
    ['export async function sort(a, b) {}\nexport const VERSION = 1;', 'async'],
    ['export function* sort(a, b) {}\nexport const VERSION = 1;', 'generator'],
    ['export function sort(a, b) {}', 'the module exports'],
    ['export function sort(a, b) {}\nexport const VERSION = 1;\nexport * from "./x.js";', '* from ./x.js'],
  ];
  for (const [source, message] of wrong) expect(after(source)).toThrow(coded('ENTRY_CHANGED', message));
});

test('of another language the line that declares the function must keep its parameters', () => {
  const source =
    'import os\n\ndef other(x):\n    return bad_sort(x)\n\ndef bad_sort(items, key=None):\n    return items\n';
  const before = read(source, 'bad.py', 'bad_sort');
  expect(before).toMatchObject({ text: 'def bad_sort(items, key=None)', parameters: 'items, key=None' });
  const changed = read(source.replace('items, key=None', 'items'), 'bad.py', 'bad_sort');
  expect(() => checkEntry(before, changed)).toThrow(coded('ENTRY_CHANGED', 'parameters of bad_sort'));
  expect(read('pub fn sort(v: &mut Vec<i32>) {}', 'a.rs')).toMatchObject({ parameters: 'v: &mut Vec<i32>' });
  expect(() => read('print(sort(x))', 'a.py')).toThrow(coded('ENTRY_NOT_FOUND', 'declares "sort"'));
});

test.each([
  ['pub fn sort<T: Ord, F: Fn(T) -> T>(items: &mut [T], by: F) {', 'items: &mut [T], by: F'],
  ['    pub(crate) async fn sort(items: Vec<i32>) -> Vec<i32> {', 'items: Vec<i32>'],
  ['extern "C" fn sort(\n    items: *mut i32,\n)', ''],
  ['static int *sort(int *items, size_t n) {', 'int *items, size_t n'],
  ['let rec sort items =', ''],
  ['sort :: Ord a => [a] -> [a]', ''],
  ['sort <- function(items) {', ''],
])('the declaration %j is found by its text', (line, parameters) => {
  expect(readWrittenEntry(`-- a\n${line}\n`, 'sort')).toMatchObject({ name: 'sort', parameters });
});

test('a text that only uses the function does not declare it', () => {
  for (const line of ['return sort(x)', 'result = sort(x)', 'x.sort(1)', 'assert sort(x) == x', 'resort = 1']) {
    expect(() => readWrittenEntry(line, 'sort')).toThrow(coded('ENTRY_NOT_FOUND', '"sort"'));
  }
});
