import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linearAxis, logAxis } from './axis.ts';

test.each([
  [
    [-0.02, 0.04],
    [-0.02, 0, 0.02, 0.04],
  ],
  [
    [0, 1],
    [0, 0.2, 0.4, 0.6, 0.8, 1],
  ],
  [
    [0.97, 1],
    [0.97, 0.98, 0.99, 1],
  ],
])('an axis of %j is written at %j', (values, ticks) => {
  expect(linearAxis(values).ticks).toEqual(ticks);
});

test.each([
  [
    [8, 500],
    [10, 20, 50, 100, 200, 500],
  ],
  [
    [0.001, 10_000],
    [0.001, 0.01, 0.1, 1, 10, 100],
  ],
])('a logarithmic axis of %j is written at %j', (values, ticks) => {
  expect(logAxis(values).ticks).toEqual(ticks);
});

test('places keep the order of values and stay within the picture, as all round numbers do', () => {
  const values = fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(values, fc.constantFrom(linearAxis, logAxis), (numbers, axisOf) => {
      const axis = axisOf(numbers);
      const places = numbers.toSorted((one, other) => one - other).map((value) => axis.place(value));
      expect(places).toEqual(places.toSorted((one, other) => one - other));
      for (const place of [...places, ...axis.ticks.map((tick) => axis.place(tick))]) {
        expect(place).toBeGreaterThanOrEqual(7);
        expect(place).toBeLessThanOrEqual(93);
      }
      expect(axis.ticks.length).toBeLessThanOrEqual(7);
    }),
  );
});
