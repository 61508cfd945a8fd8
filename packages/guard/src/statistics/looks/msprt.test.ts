import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMsprt, type Msprt, type MsprtOptions } from './msprt.ts';

const OPTIONS = { theta0: 0, tau: 0.5, alpha: 0.05, from: 2 } as const;

function fed(values: readonly number[], options: MsprtOptions = OPTIONS): Msprt {
  const test = createMsprt(options);
  for (const x of values) test.add(x);
  return test;
}

describe('the mixture sequential probability ratio test', () => {
  // By hand from the formula: V = 2.5, n = 5, ȳ = 3, nτ² = 1.25.
  test('has the likelihood ratio of its formula', () => {
    const { n, mean, logLambda, p } = fed([1, 2, 3, 4, 5]).result();
    const exact = Math.log(Math.sqrt(2.5 / 3.75)) + (25 * 0.25 * 9) / (2 * 2.5 * 3.75);
    expect([n, mean]).toEqual([5, 3]);
    expect(logLambda).toBeCloseTo(exact, 12);
    expect(p).toBeLessThanOrEqual(Math.exp(-exact) * (1 + 1e-12));
  });

  test('p never rises, and a rejection stays', () => {
    const anyValues = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 2, maxLength: 200 });
    fc.assert(
      fc.property(anyValues, (values) => {
        const running = createMsprt(OPTIONS);
        const ps = values.map((x) => {
          running.add(x);
          return running.result();
        });
        ps.forEach(({ p, reject }, index) => {
          expect(p).toBeLessThanOrEqual(ps[index - 1]?.p ?? 1);
          expect(reject).toBe(Math.log(p) <= Math.log(0.05));
        });
      }),
    );
  });

  test('mirrored values have the same evidence: it is two-sided', () => {
    const values = [0.3, -0.2, 0.9, 1.4, -0.1, 0.6];
    expect(fed(values.map((x) => -x)).result().logLambda).toBe(fed(values).result().logLambda);
  });

  test('says nothing before its first look, by default at 100 values, nor of values that are all equal', () => {
    const values = Array.from({ length: 99 }, (_, index) => 1 + (index % 2));
    const rest = { theta0: 0, tau: 0.5, alpha: 0.05 };
    expect(fed(values, rest).result()).toMatchObject({ n: 99, logLambda: 0, p: 1, reject: false });
    expect(fed([...values, 1], rest).result().reject).toBe(true);
    expect(fed([7, 7, 7, 7]).result()).toMatchObject({ mean: 7, logLambda: 0, p: 1 });
    expect(createMsprt(OPTIONS).result()).toMatchObject({ n: 0, mean: 0, p: 1 });
  });

  test('numbers at the edge of what can be held end in numbers', () => {
    for (const scale of [1e-150, 1e150]) {
      const { logLambda, p } = fed([scale, 2 * scale, 3 * scale]).result();
      expect([Number.isFinite(logLambda), p >= 0 && p <= 1]).toEqual([true, true]);
    }
    expect(Number.isFinite(fed([1e150, 1e150 * (1 + 1e-15), 1e150]).result().logLambda)).toBe(true);
  });

  test('a value too large to be squared is refused and changes nothing', () => {
    const running = fed([1, 2, 3]);
    const before = running.result();
    expect(() => running.add(1e300)).toThrow('x is 1e+300; expected a finite number whose square is finite');
    expect(running.result()).toEqual(before);
  });
});

test.each([
  ['no mean to test', { theta0: Number.NaN }, 'theta0 is NaN; expected a finite number'],
  ['no effect to expect', { tau: 0 }, 'tau is 0; expected a positive number'],
  ['alpha in percent', { alpha: 5 }, 'alpha is 5; expected a number between 0 and 1'],
  ['a variance of one value', { from: 1 }, 'from is 1; expected at least 2'],
])('%s: refused, with the value and what was expected', (_name, wrong, message) => {
  expect(() => createMsprt({ ...OPTIONS, ...wrong })).toThrow(
    expect.objectContaining({ code: 'STATISTICS_INPUT', message }),
  );
});
