import { expect, test } from 'vitest';
import { createMulberry32 } from './mulberry32.ts';

function stream(seed: string, length: number): readonly number[] {
  const next = createMulberry32(seed);
  return Array.from({ length }, next);
}

test('the stream is fixed by its seed, and pinned', () => {
  expect(stream('pin', 3)).toEqual(stream('pin', 3));
  expect(stream('pin', 3)).not.toEqual(stream('pip', 3));
  expect(stream('pin', 3)).toEqual([0.0512210545130074, 0.8681421303190291, 0.6035144336055964]);
});

test('numbers lie from 0 to below 1, and evenly', () => {
  const numbers = stream('even', 100_000);
  const tenths = Array.from({ length: 10 }, () => 0);
  for (const number of numbers) tenths[Math.floor(number * 10)] = (tenths[Math.floor(number * 10)] ?? Number.NaN) + 1;
  expect(tenths).toHaveLength(10);
  // χ² of nine degrees: 33.7 has a probability of 1e-4.
  const chi2 = tenths.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  expect(chi2).toBeLessThan(33.7);
});
