import { expect, test } from 'vitest';
import { normalisedBy, ours, rastrigin, reference, sphere } from './quality-diversity.fixture.ts';

test.each([
  ['sphere', normalisedBy(sphere)],
  ['Rastrigin', normalisedBy(rastrigin)],
] as const)(
  'E8: on the %s function coverage and quality are those of a plain MAP-Elites with the same seed',
  (_name, objective) => {
    for (const seed of [1, 2, 3]) {
      const plain = reference(objective, seed);
      const own = ours(objective, seed);
      expect(plain.coverage).toBeGreaterThan(0.2);
      expect(Math.abs(own.coverage / plain.coverage - 1)).toBeLessThan(0.01);
      expect(Math.abs(own.qd / plain.qd - 1)).toBeLessThan(0.01);
    }
  },
);
