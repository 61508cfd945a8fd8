import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBoundedEProcess, type BoundedEProcess, type BoundedEProcessOptions } from './bounded-e-process.ts';
import { eProcess } from './e-process.ts';

const UNIT: BoundedEProcessOptions = { m: -0.02, alpha: 0.025, lower: -1, upper: 1 };

function fed(values: readonly number[], options = UNIT): BoundedEProcess {
  const process = createBoundedEProcess(options);
  for (const x of values) process.add(x);
  return process;
}

const anyValues = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 300 });

describe('the e-process of bounded values', () => {
  test('before the first value has an evidence of 1', () => {
    expect(createBoundedEProcess(UNIT).result()).toEqual({ n: 0, logE: 0, promote: false });
  });

  test('of pairs that are gained, lost or the same is the one of their counts', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(-1, 0, 1), { minLength: 1, maxLength: 400 }), (values) => {
        const count = (of: number): number => values.filter((x) => x === of).length;
        const whole = eProcess({ onlyCandidate: count(1), same: count(0), onlyBaseline: count(-1) }, UNIT);
        const process = fed(values).result();
        expect(process.logE).toBeCloseTo(whole.logE, 9);
        expect(process.n).toBe(values.length);
      }),
    );
  });

  test('promotes identical outputs at the 266th pair, and not before', () => {
    expect(fed(Array.from({ length: 265 }, () => 0)).result().promote).toBe(false);
    expect(fed(Array.from({ length: 266 }, () => 0)).result().promote).toBe(true);
  });

  test('kept as JSON in the middle and restored it ends as if it had never stopped', () => {
    fc.assert(
      fc.property(anyValues, fc.nat(300), (values, cut) => {
        const kept = JSON.stringify(fed(values.slice(0, cut)).state());
        const restored = createBoundedEProcess(UNIT);
        restored.restore(JSON.parse(kept));
        for (const x of values.slice(cut)) restored.add(x);
        expect(restored.result()).toEqual(fed(values).result());
      }),
    );
  });

  test('does not mind the order of the values, but for rounding', () => {
    fc.assert(
      fc.property(anyValues, (values) => {
        expect(fed(values.toReversed()).result().logE).toBeCloseTo(fed(values).result().logE, 9);
      }),
    );
  });

  test('does not mind the unit of the values', () => {
    fc.assert(
      fc.property(anyValues, (values) => {
        const scaled = createBoundedEProcess({ m: 3 - 0.1, alpha: 0.025, lower: -2, upper: 8 });
        for (const x of values) scaled.add(3 + 5 * x);
        expect(scaled.result().logE).toBeCloseTo(fed(values).result().logE, 7);
      }),
    );
  });

  test('a state that was handed out is not changed by what comes later', () => {
    const process = fed([0.5]);
    const state = process.state();
    const before = JSON.stringify(state);
    process.add(1);
    expect(JSON.stringify(state)).toBe(before);
  });
});

const state = fed([0.5]).state();

test.each([
  ['a value beyond the bounds', () => fed([1.5]), 'x is 1.5; expected a number from -1 to 1'],
  ['no number', () => fed([Number.NaN]), 'x is NaN; expected a number from -1 to 1'],
  ['an m at a bound', () => fed([], { ...UNIT, m: -1 }), 'm is -1; expected a number between -1 and 1'],
  [
    'an m too near the lower bound',
    () => createBoundedEProcess({ m: Number.MIN_VALUE, alpha: 0.05, lower: 0, upper: 1 }),
    'm is 5e-324; expected a number further from lower, for such an upper',
  ],
  [
    'bounds in the wrong order',
    () => createBoundedEProcess({ ...UNIT, lower: 2 }),
    'upper is 1; expected a number above lower, which is 2',
  ],
  [
    'an endless bound',
    () => createBoundedEProcess({ ...UNIT, upper: Infinity }),
    'a value of the bounds is Infinity; expected a finite number',
  ],
  [
    'a state of another m',
    () => createBoundedEProcess({ ...UNIT, m: 0 }).restore(state),
    'm of the state is -0.02; expected 0',
  ],
  [
    'a state with a sum missing',
    () => createBoundedEProcess(UNIT).restore({ ...state, sums: state.sums.slice(1) }),
    'the length of sums of the state is 39; expected at least 40',
  ],
  [
    'a state with a sum too many',
    () => createBoundedEProcess(UNIT).restore({ ...state, sums: [...state.sums, 0] }),
    'the length of sums of the state is 41; expected 40',
  ],
  [
    'a state without sums',
    () => createBoundedEProcess(UNIT).restore(JSON.parse('{"m":-0.02,"lower":-1,"upper":1,"n":1}')),
    'sums of the state is undefined; expected a list of numbers',
  ],
])('%s: refused, with the value and what was expected', (_name, compute, message) => {
  expect(compute).toThrow(expect.objectContaining({ code: 'STATISTICS_INPUT', message }));
});
