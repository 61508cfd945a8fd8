import { expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { checkRegions, hasRegions } from './regions.ts';

const MARKED =
  'import x;\n// EVOLVE-BLOCK-START\nlet a = 1;\n// EVOLVE-BLOCK-END\nuse(a);\n# EVOLVE-BLOCK-START\n# EVOLVE-BLOCK-END\n';

test('only what is between the marks may change', () => {
  expect(hasRegions(MARKED)).toBe(true);
  const inside = MARKED.replace('let a = 1;\n', 'let a = 2;\nlet b;\n');
  expect(() => checkRegions(MARKED, inside)).not.toThrow();
  expect(() => checkRegions('free', 'changed')).not.toThrow();
  const outside: readonly (readonly [string, string])[] = [
    ['use(a);', 'use(b);'],
    ['use(a);\n', ''],
    ['import x;\n', 'import x;\nimport y;\n'],
    ['// EVOLVE-BLOCK-END\n', ''],
    ['let a = 1;\n', '// EVOLVE-BLOCK-END\nlet a = 1;\n// EVOLVE-BLOCK-START\n'],
    ['let a = 1;\n', '// EVOLVE-BLOCK-START\n'],
  ];
  for (const [from, to] of outside) {
    expect(() => checkRegions(MARKED, MARKED.replace(from, to))).toThrow(coded('REGION_CHANGED', ''));
  }
  expect(() => checkRegions('// EVOLVE-BLOCK-START\n', '')).toThrow(coded('REGION_INVALID', 'not ended'));
});
