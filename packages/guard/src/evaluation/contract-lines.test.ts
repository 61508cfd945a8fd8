/**
 * Lines of the contract that no other test names.
 */
import * as sdk from '@bulkhead/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as guard from '../index.ts';
import * as statistics from '../statistics/index.ts';
import { evaluate } from './evaluate.ts';
import { CLOCK, RIGHT, SUM, openBench, type Bench } from './evaluate.fixture.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

async function passedBy(text: string, asked: { readonly func?: string; readonly parallel?: number } = {}) {
  const sides = { baseline: await bench.implement(text), candidate: await bench.implement(text) };
  const report = await evaluate({ task: SUM, seed: 7, n: 12, ...sides, ...asked }, CLOCK);
  for (const { executor } of Object.values(sides)) await executor.close?.();
  return [report.candidate.passes, report.config.executor];
}

test('[X002-3] an implementation exports solve, and another name where one is asked for', async () => {
  const local = { baseline: 'local', candidate: 'local' };
  expect(await passedBy(RIGHT)).toEqual([12, local]);
  const other = RIGHT.replace('solve', 'total');
  expect(await passedBy(other, { func: 'total' })).toEqual([12, local]);
  expect(await passedBy(other)).toEqual([0, local]);
});

test('[X002-15] cases are dispatched on this machine, so many at once', async () => {
  expect(await passedBy(RIGHT, { parallel: 2 })).toEqual(await passedBy(RIGHT));
});

test('[F002-30] what plugins extend has a name of its own in the SDK, and what judges them one in guard', () => {
  expect([typeof sdk.Executor, typeof sdk.Monitor]).toEqual(['function', 'function']);
  expect([typeof guard.evaluate, typeof guard.createMonitorRunner, typeof guard.isMonitor]).toEqual([
    ...['function', 'function', 'function'],
  ]);
});

test('[X002-6] each method of an interval is there, and McNemar’s test with its correction (AHR data of Fagerland)', () => {
  const table = { onlyCandidate: 1, onlyBaseline: 7 };
  expect(statistics.mcnemar(table)).toMatchObject({
    p: expect.closeTo(0.0339, 4),
    pCorrected: expect.closeTo(0.0771, 4),
  });
  const methods = [
    ...[statistics.percentileInterval, statistics.bcaInterval, statistics.clusterBootstrapInterval],
    ...[statistics.newcombePairedInterval, statistics.wilsonInterval, statistics.relativeRiskInterval],
    ...[statistics.pairedPower, statistics.pairedSampleSize, statistics.minimumDetectableDifference],
    ...[statistics.holm, statistics.hochberg, statistics.benjaminiHochberg],
  ];
  expect(methods.map((method) => typeof method)).toEqual(methods.map(() => 'function'));
});
