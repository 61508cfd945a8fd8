import { createHost } from '@bulkhead/host';
import type { JsonObject, Result, Task } from '@bulkhead/sdk';
import fc from 'fast-check';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { EvaluateHandler, SCORE_OF_FAILURE } from '../main.ts';

const handler = new EvaluateHandler({});
const task = (payload: JsonObject): Task => ({
  ...{ kind: 'evaluate', id: '0123456789abcdef', payload, requires: ['cpu'], attempts: 0 },
  created_at: '2026-01-01T00:00:00Z',
  schema_v: 1,
});
const evaluate = (payload: JsonObject): Result => handler.handle(task(payload));
const dataOf = (payload: JsonObject): JsonObject => {
  const { status, data } = evaluate(payload);
  expect(status).toBe('ok');
  return data;
};

const SLOW = [10, 10.1, 9.9, 10.2, 9.8, 10];
const QUICK = [5, 5.1, 4.9, 5.2, 4.8, 5];

test('the score is the median, of which more is better, with its spread [X000-18]', () => {
  expect(dataOf({ values: [3, 1, 2, 10] })).toEqual({
    score: -2.5,
    spread: { runs: 4, min: 1, q1: 1.75, median: 2.5, q3: 4.75, max: 10, mad: 1 },
    verdict: 'inconclusive',
    reasons: [expect.stringContaining('nothing to compare with')],
  });
  expect(dataOf({ values: [3, 1, 2, 10], better: 'higher' })).toMatchObject({ score: 2.5 });
  expect(dataOf({ passes: [true, true, false, true] })).toMatchObject({ score: 0.75, pass_rate: 0.75 });
});

test.for<[JsonObject, string]>([
  [{ values: QUICK, baseline: SLOW }, 'adopt'],
  [{ values: SLOW, baseline: QUICK }, 'reject'],
  [{ values: SLOW, baseline: QUICK, better: 'higher' }, 'adopt'],
  [{ values: QUICK, baseline: SLOW, paired: true, min_gain: 0.4 }, 'adopt'],
  [{ values: QUICK, baseline: SLOW, min_gain: 0.6 }, 'reject'],
  [{ values: SLOW, baseline: SLOW, margin: 0.1 }, 'adopt'],
  [{ values: SLOW, baseline: SLOW, min_gain: 0 }, 'inconclusive'],
  [{ values: SLOW, baseline: SLOW, margin: 0.001 }, 'inconclusive'],
  [{ values: [1, 1, 1], baseline: [2, 2, 2] }, 'inconclusive'],
  [{ values: [1, 1, 1, 1, 1], baseline: [2, 2, 2, 2, 2], paired: true }, 'inconclusive'],
])('%j is judged %s', ([payload, verdict]) => {
  expect(dataOf(payload)).toMatchObject({ verdict });
});

test('the gain is told with its interval, above 0 for the better', () => {
  const { gain, reasons } = dataOf({ values: QUICK, baseline: SLOW });
  expect(gain).toEqual({ estimate: expect.closeTo(5, 6), interval: [expect.closeTo(4.8, 6), expect.closeTo(5.2, 6)] });
  expect(reasons).toEqual([expect.stringMatching(/^the gain is from 4\.\d+ to 5\.\d+, not below -0\.2$/)]);
});

test('cases alone are judged by the decision of guard, which adopts equals from 266 cases on', () => {
  const all = (n: number): JsonObject => ({ passes: Array(n).fill(true), baseline_passes: Array(n).fill(true) });
  expect(dataOf(all(265))).toMatchObject({ verdict: 'inconclusive' });
  expect(dataOf(all(266))).toMatchObject({ verdict: 'adopt' });
  const worse = { passes: Array(200).fill(false), baseline_passes: Array(200).fill(true) };
  expect(dataOf(worse)).toMatchObject({ verdict: 'reject', score: 0 });
});

test('what fails a case that the baseline passes is rejected with the least score, however quick it is', () => {
  const lost = dataOf({
    values: QUICK,
    baseline: SLOW,
    passes: [true, false, false],
    baseline_passes: [true, true, false],
  });
  expect(lost).toMatchObject({ verdict: 'reject', score: SCORE_OF_FAILURE });
  expect(lost['reasons']).toEqual(['the candidate fails 1 of 3 cases that the baseline passes: 1']);
  expect(dataOf({ values: QUICK, passes: [false] })).toMatchObject({ verdict: 'reject', score: SCORE_OF_FAILURE });
  expect(JSON.parse(JSON.stringify(lost))).toMatchObject({ score: -Number.MAX_VALUE });
});

test.for<[JsonObject, string]>([
  [{ values: [1, NaN] }, 'payload.values[1] is NaN; expected a finite number'],
  [{ values: [Infinity] }, 'payload.values[0] is Infinity'],
  [{ values: [1, null] }, 'payload.values[1] is null'],
  [{ values: ['1'] }, 'payload.values[0] is "1"'],
  [{ values: [1], score: 99 }, 'payload.score is not read; it is computed here'],
  [{ values: [1], verdict: 'adopt' }, 'payload.verdict is not read; it is computed here'],
  [{ values: [1], valeus: [2] }, 'payload.valeus is not read; expected values'],
  [{ values: [] }, 'payload.values has 0 items'],
  [{ values: { length: 1 } }, 'payload.values is {"length":1}'],
  [{ values: Array(10_001).fill(1) }, 'has 10001 items; expected a list of 1 to 10000'],
  [{}, 'neither values nor passes'],
  [{ baseline: [1], passes: [true] }, 'payload.baseline stands alone'],
  [{ values: [1], baseline_passes: [true] }, 'payload.baseline_passes stands alone'],
  [{ passes: [1] }, 'payload.passes[0] is 1; expected true or false'],
  [{ passes: [true], baseline_passes: [true, true] }, 'there are 1 passes and 2 of the baseline'],
  [{ values: [1], baseline: [1, 2], paired: true }, 'there are 1 values and 2 of the baseline'],
  [{ values: [1], better: 'faster' }, 'payload.better is "faster"'],
  [{ values: [1], margin: -1 }, 'payload.margin is -1'],
  [{ values: [1], margin: 0.1, min_gain: 0.1 }, 'min_gain and margin'],
])('a forged or broken measurement is an error: %j', ([payload, message]) => {
  expect(evaluate(payload)).toMatchObject({
    status: 'error',
    data: { retryable: false, message: expect.stringContaining(message) },
  });
});

test('whatever finite numbers come, every figure of an answer is a finite number', () => {
  const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(values, values, fc.constantFrom('lower', 'higher'), (mine, theirs, better) => {
      const { status, data } = evaluate({ values: mine, baseline: theirs, better });
      if (status === 'ok') expect(JSON.stringify(data)).not.toContain('null');
      else expect(data).toMatchObject({ retryable: false });
    }),
  );
});

test('it needs a processor alone, and takes tasks of its kind [F000-4] [F000-5] [F000-6]', () => {
  expect(handler).toMatchObject({ KIND: 'evaluate', PROVIDES: ['cpu'] });
  expect(handler.dispatch(task({}))).toBe(true);
  expect(handler.dispatch({ ...task({}), kind: 'render' })).toBe(false);
});

test('in its sandbox it judges as it does here', async () => {
  await using host = await createHost({ spareCount: 0 });
  await host.install(fileURLToPath(new URL('..', import.meta.url)));
  const payload = { values: QUICK, baseline: SLOW };
  const outcome = await host.callEntry({
    ...{ plugin: 'evaluate', group: 'task_handlers', name: 'evaluate', method: 'handle' },
    args: [task(payload)],
  });
  expect(outcome).toMatchObject({ ok: true, value: { status: 'ok', data: dataOf(payload) } });
});
