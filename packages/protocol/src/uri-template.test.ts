import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchTemplate, templateVariables } from './uri-template.ts';

test.each([
  ['test://template/{id}/data', 'test://template/123/data', { id: '123' }],
  ['note://{folder}/{name}.md', 'note://work/plan.v2.md', { folder: 'work', name: 'plan.v2' }],
  ['file:///{+path}', 'file:///a/b%20c', { path: 'a/b c' }],
  ['{a}:{b}', 'x:y:z', { a: 'x', b: 'y:z' }],
])('%s finds in %s what its variables are', (template, uri, variables) => {
  expect(matchTemplate(template, uri)).toEqual(variables);
});

test.each([
  ['test://template/{id}/data', 'test://template//data'],
  ['test://template/{id}/data', 'test://template/a/b/data'],
  ['test://template/{id}/data', 'test://template/1/data/more'],
  ['test://{id}', 'test://%E0%A4%A'],
  ['ab{x}b', 'ab'],
  ['{a}b{c}', 'b'],
])('%s is none of %s', (template, uri) => {
  expect(matchTemplate(template, uri)).toBeUndefined();
});

test.each(['plain://uri', '{a}{b}', '{?q}', '{a*}', '{a}/{a}', 'x{', '{}'])('%s is no template', (template) => {
  expect(templateVariables(template)).toBeUndefined();
});

test('what was put into a template comes out of it', () => {
  const word = fc.string({ minLength: 1, unit: fc.constantFrom('a', 'b', '%', ' ', 'é', '/', '?') });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const uri = `x://${encodeURIComponent(a)}/y/${encodeURIComponent(b)}`;
      expect(matchTemplate('x://{first}/y/{second}', uri)).toEqual({ first: a, second: b });
    }),
  );
});

test('a template that repeats itself does not keep anybody waiting', () => {
  const template = Array.from({ length: 60 }, (_, index) => `{v${index}}a`).join('');
  const began = performance.now();
  expect(matchTemplate(template, `${'a'.repeat(2_000)}/`)).toBeUndefined();
  expect(performance.now() - began).toBeLessThan(100);
});
