import { mutants } from '@bulkhead/guard';
import { expect, test } from 'vitest';
import { SORT } from '../mutation.fixture.ts';
import { GRAMMAR_OPERATORS } from './grammar-operators.ts';

test('the grammar makes every kind of change that it is for', async () => {
  const kinds = GRAMMAR_OPERATORS.map(
    (operator) => [operator.name, mutants(SORT, { seed: 1, operators: [operator] })] as const,
  );
  const idle = kinds.filter(([, made]) => made.length === 0).map(([name]) => name);
  expect(idle).toEqual(['inline_constant']);
  const inlined = mutants('function f(a) { const b = a + 1;\n  return b * 2; }', {
    seed: 1,
    operators: GRAMMAR_OPERATORS,
  });
  expect(inlined.map(({ source }) => source)).toContain('function f(a) { return (a + 1) * 2; }');
  expect(mutants('f(x, 3);', { seed: 1, operators: GRAMMAR_OPERATORS }).map(({ after }) => after)).toEqual(
    expect.arrayContaining(['2', '6', '30']),
  );
});
