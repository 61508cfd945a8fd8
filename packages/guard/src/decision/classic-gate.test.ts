import { expect, test } from 'vitest';
import { classicGate } from './classic-gate.ts';

const FINE = { propertyViolations: 0, relationViolations: 0, passes: 90, cases: 100, deltaLower: 0.03 };
const BOUNDS = { minPassRate: 0.8, minDelta: 0.02 };

test.each([
  ['nothing wrong', {}, 'meets_gate'],
  ['violations of properties', { propertyViolations: 3 }, 'Property violations: 3 violations found'],
  ['violations of relations', { relationViolations: 2 }, 'Metamorphic relation violations: 2 violations found'],
  ['a pass rate below', { passes: 70 }, 'Pass rate too low: 0.700 < 0.8'],
  ['too little gain', { deltaLower: 0.01 }, 'Improvement insufficient: CI lower bound 0.010 < 0.02'],
  [
    'all of it: the first counts',
    { propertyViolations: 1, relationViolations: 1, passes: 0, deltaLower: -1 },
    'Property violations: 1 violations found',
  ],
  ['exactly at both bounds', { passes: 80, deltaLower: 0.02 }, 'meets_gate'],
])('[X002-8] %s', (_name, found, reason) => {
  expect(classicGate({ ...FINE, ...found }, BOUNDS)).toEqual({ adopt: reason === 'meets_gate', reason });
});

test('no case, or more passes than cases, is refused', () => {
  expect(() => classicGate({ ...FINE, cases: 0, passes: 0 }, BOUNDS)).toThrow(
    expect.objectContaining({ code: 'STATISTICS_INPUT' }),
  );
  expect(() => classicGate({ ...FINE, passes: 101 }, BOUNDS)).toThrow(
    expect.objectContaining({ code: 'STATISTICS_INPUT' }),
  );
});
