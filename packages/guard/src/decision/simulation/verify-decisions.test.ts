/**
 * The short form of the validation of policies: fewer runs, and bands that are wider by their Monte Carlo error.
 */
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../statistics/random.ts';
import { holds } from '../../statistics/simulation/report.ts';
import { verifyDecisions } from './verify-decisions.ts';

const chanceOf = (name: string): (() => number) => createRandom(`short ${name}`).next;

describe('policies in worlds whose truth is known', () => {
  const rows = verifyDecisions({ runs: 50, chanceOf });

  test('let in what is not above the bar no more often than their alpha, and what is, mostly', () => {
    expect(rows.filter((row) => !holds(row))).toEqual([]);
  });

  test('[X002-7] are tried with every sequential design that a policy can name', () => {
    expect(new Set(rows.map(({ estimator }) => estimator))).toEqual(
      new Set(['policy adaptive', 'policy pocock', 'policy obrien-fleming', 'policy lan-demets']),
    );
    expect(rows.filter(({ figure }) => figure === 'false promotions')).toHaveLength(32);
    expect(rows.filter(({ figure }) => figure === 'power')).toHaveLength(4);
  });
});
