import { expect, test } from 'vitest';
import { mean } from './mean.ts';

test('the mean of values', () => {
  expect(mean([1, 2, 6])).toBe(3);
});

test('nothing has no mean', () => {
  expect(() => mean([])).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT' }));
});
