import { expect, test } from 'vitest';
import { casesFromRecords, type Case } from './cases.ts';
import { defineTask } from './define-task.ts';
import { readMetrics } from './read-metrics.ts';
import type { Metric } from './task.ts';

const taskOf = (...metrics: Metric[]) => defineTask({ name: 'measured', generate: () => [], metrics });
const cases: readonly Case[] = casesFromRecords(
  taskOf(),
  Array.from({ length: 1_000 }, (_, index) => [index]),
);
const one = cases[3] as Case;

test('[X002-2] a metric is a number of the result and the arguments', () => {
  const task = taskOf({ name: 'ratio', extract: (out, [size]) => Number(out) / Number(size) });
  expect(readMetrics(task, { one, out: 6, seed: 1 })).toEqual([{ name: 'ratio', kind: 'value', value: 2 }]);
});

test('[X002-2] a sampled metric is taken on its share of cases, the same for every result', () => {
  const task = taskOf({ name: 'half', sampleRate: 0.5, extract: () => 1 });
  const taken = (out: number, seed: number) =>
    cases.filter((each) => readMetrics(task, { one: each, out, seed })[0]?.kind === 'value').map(({ index }) => index);
  expect(taken(1, 7)).toEqual(taken(2, 7));
  expect(taken(1, 7)).not.toEqual(taken(1, 8));
  // Four standard deviations of a fair coin.
  expect(Math.abs(taken(1, 7).length - 500)).toBeLessThan(64);
});

test('[X002-2] a metric’s own seed decides for it, whatever the run’s is', () => {
  const task = taskOf({ name: 'half', seed: 3, sampleRate: 0.5, extract: () => 1 });
  const kinds = (seed: number) => cases.map((each) => readMetrics(task, { one: each, out: 1, seed })[0]?.kind);
  expect(kinds(1)).toEqual(kinds(2));
});

test('[X002-2] metrics with one key share what was extracted, and only where they say so', () => {
  let extracted = 0;
  const extract = (): number => (extracted += 1);
  const shared = { memoize: true, memoizeKey: 'parse', extract };
  const readings = readMetrics(taskOf({ name: 'a', ...shared }, { name: 'b', ...shared }, { name: 'c', extract }), {
    one,
    out: null,
    seed: 1,
  });
  expect(readings).toMatchObject([
    { name: 'a', value: 1 },
    { name: 'b', value: 1 },
    { name: 'c', value: 2 },
  ]);
});

test('a metric that throws, or extracts no number, is a fault of the task, and the others are taken', () => {
  const task = taskOf(
    {
      name: 'throws',
      extract: () => {
        throw new Error('boom');
      },
    },
    { name: 'none', extract: () => Number.NaN },
    { name: 'fine', extract: () => 1 },
  );
  expect(readMetrics(task, { one, out: null, seed: 1 })).toMatchObject([
    { kind: 'fault', code: 'TASK_FAULT', message: 'metric "throws" threw: boom' },
    { kind: 'fault', code: 'TASK_FAULT', message: 'metric "none" extracted NaN; expected a finite number' },
    { kind: 'value', value: 1 },
  ]);
});
