import { expect, test } from 'vitest';
import { canonicalHash, canonicalTokens } from './canonical.ts';

function hashOf(source: string): string {
  return canonicalHash(canonicalTokens(source));
}

test.each<[string, string, string]>([
  [
    'comments and formatting',
    'function f(a) { return a + 1 }',
    '// one\nfunction f(a) {\n  /* two */\n  return a + 1;;\n}\n',
  ],
  ['names of parameters', 'function f(a, b) { return a - b }', 'function f(x, y) { return x - y }'],
  [
    'names of variables in blocks',
    'function f() { for (let i = 0; i < 3; i++) { const q = i; g(q) } }',
    'function f() { for (let k = 0; k < 3; k++) { const z = k; g(z) } }',
  ],
  [
    'names that an inner scope uses again',
    'function f(a) { { const a = 1; g(a) } return a }',
    'function f(b) { { const c = 1; g(c) } return b }',
  ],
  [
    'names of a pattern',
    'const f = ({ a, b: [c, ...d] }) => a + c + d',
    'const f = ({ a: p, b: [q, ...r] }) => p + q + r',
  ],
  [
    'names of what is hoisted',
    'function f() { g(v); if (h) { var v = 1 } }',
    'function f() { g(w); if (h) { var w = 1 } }',
  ],
  ['a variable that is written as a property', 'function f(a) { return { a } }', 'function f(b) { return { a: b } }'],
  ['names of what is caught', 'try { f() } catch (e) { g(e) }', 'try { f() } catch (error) { g(error) }'],
  [
    'names of inner functions and classes',
    'const f = () => { function g() { return g } return new (class A { m() { return A } })() }',
    'const f = () => { function h() { return h } return new (class B { m() { return B } })() }',
  ],
  [
    'types',
    'function f(a) { return a }',
    'interface I { b: string }\ntype T = I;\nfunction f(a: number): number { return a as number }',
  ],
  ['brackets and ways to write a value', 'const f = () => 10 + "a"', "const f = () => ((1e1) + ('a'))"],
])('%s make no difference', (_what, one, other) => {
  expect(hashOf(other)).toBe(hashOf(one));
});

test.each<[string, string, string]>([
  ['the order of variables', 'function f(a, b) { return a - b }', 'function f(a, b) { return b - a }'],
  ['the name of a function', 'function f() {}', 'function g() {}'],
  ['the name of a property', 'function f(a) { return a.x }', 'function f(a) { return a.y }'],
  ['a local and a name from outside', 'function f(a) { return a }', 'function f(a) { return b }'],
  ['a property and a local of one name', 'function f(a, b) { return b.a }', 'function f(a, b) { return b[a] }'],
  ['an operator', 'function f(a) { return a + 1 }', 'function f(a) { return a - 1 }'],
  ['a number', 'const f = () => 1', 'const f = () => 2'],
  ['a number and its text', 'const f = () => 1', 'const f = () => "1"'],
  ['a pattern of a search', 'const f = () => /a/g', 'const f = () => /b/g'],
  ['an optional call', 'f?.()', 'f()'],
  [
    'let and const that are shadowed',
    'function f(a) { { let a = 1 } return a }',
    'function f(a) { { let b = 1; return b } }',
  ],
  ['a template', 'const f = (a) => `x${a}`', 'const f = (a) => `y${a}`'],
  ['async', 'const f = () => 1', 'const f = async () => 1'],
  ['static', 'class A { static m() {} }', 'class A { m() {} }'],
])('%s makes a difference', (_what, one, other) => {
  expect(hashOf(other)).not.toBe(hashOf(one));
});

test('text is words between white space', () => {
  expect(canonicalTokens('  be  brief\nand\tkind ', 'text')).toEqual(['be', 'brief', 'and', 'kind']);
});

test.each([
  ['cannot be parsed', 'function ('],
  ['expected at most 1000000', ' '.repeat(1_000_001)],
  ['nested more than 500 levels', `f = ${'['.repeat(600)}${']'.repeat(600)}`],
])('a source is refused: %s', (words, source) => {
  expect(() => canonicalTokens(source)).toThrow(
    expect.objectContaining({ code: 'SOURCE_INVALID', message: expect.stringContaining(words) }),
  );
});
