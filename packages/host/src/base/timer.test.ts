import { expect, test } from 'vitest';
import { timerDelayMs } from './timer.ts';

/** Resolves to how long after its deadline a timer elapsed; negative where it was early. */
function lateness(leftMs: number): Promise<number> {
  const deadline = performance.now() + leftMs;
  return new Promise((resolve) => {
    setTimeout(() => resolve(performance.now() - deadline), timerDelayMs(leftMs));
  });
}

test('no timer elapses before its deadline, whatever fraction of a millisecond is left', async () => {
  const late: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const leftMs = Array.from({ length: 50 }, (_, index) => 1 + round / 20 + index / 50);
    late.push(...(await Promise.all(leftMs.map(lateness))));
  }
  expect(late.filter((byMs) => byMs < 0)).toEqual([]);
});

test.each([0, -0, -0.5, -5, Number.NEGATIVE_INFINITY, Number.NaN])('%s ms left is a delay of 0', (leftMs) => {
  expect(timerDelayMs(leftMs)).toBe(0);
});

test.each([2 ** 31 - 2, 2 ** 31, 2 ** 53, Number.POSITIVE_INFINITY])(
  '%s ms left is as far as a timer reaches',
  (far) => {
    expect(timerDelayMs(far)).toBe(2 ** 31 - 1);
  },
);
