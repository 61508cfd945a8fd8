import { expect, test } from 'vitest';
import { OTHER_SORT, SORT } from '../mutation.fixture.ts';
import { crossovers } from './crossover.ts';

test('a crossover takes a body or a statement of the function of the same name', () => {
  const children = crossovers(SORT, OTHER_SORT, 'sort.ts');
  expect(children).toContain(SORT.replace('[...list]', 'list.slice()'));
  expect(children.every((child) => child !== SORT && child !== OTHER_SORT)).toBe(true);
  expect(crossovers(SORT, 'not a program (', 'sort.ts')).toEqual([]);
  expect(crossovers(SORT, 'function other() {}', 'sort.ts')).toEqual([]);
});
