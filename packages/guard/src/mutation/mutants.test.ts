import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mutants, type Mutant } from './mutants.ts';
import { MUTATION_OPERATORS } from './operators.ts';
import { REFERENCES } from './study.ts';
import { canParse } from './syntax-tree.ts';

const made = (source: string, operator: string): readonly string[] =>
  mutants(source, { seed: 1 })
    .filter((mutant) => mutant.operator === operator)
    .map((mutant) => mutant.source);

test.each<[operator: string, source: string, mutated: readonly string[]]>([
  ['swap_comparison', 'f(a < b);', ['f(a <= b);', 'f(a > b);']],
  ['swap_comparison', 'f(a === b);', ['f(a !== b);']],
  ['swap_arithmetic', 'f(a * 2);', ['f(a / 2);']],
  ['swap_logical', 'f(a && b);', ['f(a || b);']],
  ['swap_assignment', 'a += b;', ['a -= b;', 'a = b;']],
  ['swap_update', 'f(++a, b--);', ['f(--a, b--);', 'f(++a, b++);']],
  ['swap_method', 'Math.min(a, b);', ['Math.max(a, b);']],
  ['remove_one', 'f(a + 1);', ['f(a);']],
  ['remove_sign', 'f(!a, -b);', ['f(a, -b);', 'f(!a, b);']],
  ['off_by_one', 'f(0);', ['f(1);', 'f((-1));']],
  ['swap_boolean', 'f(true);', ['f(false);']],
  ['empty_text', "f('a', `b`, '');", ["f('', `b`, '');", "f('a', '', '');"]],
  ['empty_list', 'f([a], []);', ['f([], []);']],
  ['negate_condition', 'while (a) f();', ['while (!(a)) f();']],
  ['swap_branches', 'if (a) f(); else g();', ['if (a) { g(); } else f();']],
  ['swap_branches', 'f(a ? b : c);', ['f(a ? c : b);']],
  ['change_loop_bound', 'for (; i < n; ) f();', ['for (; i < (n - 1); ) f();', 'for (; i < (n + 1); ) f();']],
  ['remove_statement', 'f(); const a = 1;', ['; const a = 1;']],
  ['early_return', 'function f(a) { g(); }', ['function f(a) { return a; g(); }']],
  ['early_return', 'const f = () => { g(); };', ['const f = () => { return; g(); };']],
  [
    'replace_argument',
    'function f(a, [b]) { const c = 1; g(c); const d = 2; }',
    [
      'function f(a, [b]) { const c = 1; g(a); const d = 2; }',
      'function f(a, [b]) { const c = 1; g(b); const d = 2; }',
    ],
  ],
])('%s: %s', (operator, source, mutated) => {
  expect(new Set(made(source, operator))).toEqual(new Set(mutated));
});

test('every operator finds something in the references and their refactors', () => {
  const sources = REFERENCES.flatMap(({ source, refactors }) => [source, ...refactors.map((one) => one.source)]);
  const all = sources.flatMap((source) => mutants(source, { seed: 1 }));
  const names = new Set(all.map(({ operator }) => operator));
  expect(MUTATION_OPERATORS.map(({ name }) => name).filter((name) => !names.has(name))).toEqual([]);
});

test('imports, types, comments, directives and names of properties stand in every mutant as they are', () => {
  const untouched = [
    "'use strict';",
    "import { a } from './a.ts';",
    "export * from './b.ts';",
    'type Two = 1 | 2;',
    "interface Named { kind: 'x'; size: 3 }",
    'declare const seven: 7;',
    '// 5 < 6 && true',
  ];
  const all = mutants([...untouched, "export const f = (n: 1 | 2): 'y' => g(n as 1, { 'key': n < 3 });"].join('\n'), {
    seed: 1,
  });
  expect(all.length).toBeGreaterThan(3);
  for (const { source } of all) {
    expect(source.split('\n').slice(0, untouched.length)).toEqual(untouched);
    expect(source).toContain("(n: 1 | 2): 'y'");
    expect(source).toContain("n as 1, { 'key':");
  }
});

test('[F000-15] mutants parse, are all other texts, and say where they differ', () => {
  for (const { source } of REFERENCES) {
    const all = mutants(source, { seed: 3 });
    expect(new Set([source, ...all.map((one) => one.source)]).size).toBe(all.length + 1);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const mutant of all) {
      expect(canParse(mutant.source)).toBe(true);
      expect(mutant.source).toBe(patched(source, mutant));
    }
  }
});

test('the same seed gives the same, another one others, and fewer are a part of more', () => {
  const source = REFERENCES[0]?.source ?? '';
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 30 }), (seed, max) => {
      const some = mutants(source, { seed, max });
      expect(some).toHaveLength(max);
      expect(mutants(source, { seed, max })).toEqual(some);
      expect(mutants(source, { seed, max: max + 5 })).toEqual(expect.arrayContaining([...some]));
    }),
    { numRuns: 20 },
  );
  expect(mutants(source, { seed: 1, max: 5 })).not.toEqual(mutants(source, { seed: 2, max: 5 }));
});

test('columns count UTF-16 units from 1, and lines too', () => {
  const mutant = mutants("/* é😀 */\nf('😀', a < b);", { seed: 1 }).find((one) => one.after === '<=');
  expect(mutant).toMatchObject({ line: 2, column: 11, before: '<', after: '<=' });
});

test.each([
  ['function (', 'the source cannot be parsed'],
  [`f(${'['.repeat(600)}${']'.repeat(600)})`, 'nested more than 500 levels'],
  [' '.repeat(1_000_001), 'expected at most 1000000'],
])('a source that is none is refused with the reason', (source, message) => {
  expect(() => mutants(source, { seed: 1 })).toThrow(
    expect.objectContaining({ code: 'SOURCE_INVALID', message: expect.stringContaining(message) }),
  );
});

test.each([0, 10_001, 1.5])('max %s is refused', (max) => {
  expect(() => mutants('f(1);', { seed: 1, max })).toThrow(expect.objectContaining({ code: 'MUTANTS_INVALID' }));
});

test('a source without anything to change has no mutants', () => {
  expect(mutants('', { seed: 1 })).toEqual([]);
  expect(mutants('// nothing\n', { seed: 1 })).toEqual([]);
});

function patched(source: string, { line, column, before, after }: Mutant): string {
  const start =
    source
      .split('\n')
      .slice(0, line - 1)
      .reduce((length, text) => length + text.length + 1, 0) +
    column -
    1;
  expect(source.slice(start, start + before.length)).toBe(before);
  return source.slice(0, start) + after + source.slice(start + before.length);
}
