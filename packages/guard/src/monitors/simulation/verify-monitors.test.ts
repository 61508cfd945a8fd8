/**
 * The short form of the validation: fewer runs, and bands that are wider by their Monte Carlo error.
 */
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../statistics/random.ts';
import { holds } from '../../statistics/simulation/report.ts';
import { verifyMonitors } from './verify-monitors.ts';

const chanceOf = (name: string): (() => number) => createRandom(`short ${name}`).next;

describe('the monitors in worlds whose truth is known', () => {
  const rows = verifyMonitors({ runs: 100, chanceOf });

  test('neither cry wolf nor sleep', () => {
    expect(rows.filter((row) => !holds(row))).toEqual([]);
  });

  test('are each tried where nothing is worse, and where something is', () => {
    const tried = (figure: string): ReadonlySet<string> =>
      new Set(rows.filter((row) => row.figure === figure).map(({ estimator }) => estimator));
    const all = [
      'latency',
      'success_rate',
      'trend',
      'fairness',
      'resource',
      'llm_cost',
      'variance',
      'composite',
      'drift',
      'pii',
    ];
    expect([...tried('false alarms')].toSorted()).toEqual(all.toSorted());
    expect([...tried('power')].toSorted()).toEqual(all.toSorted());
  });
});
