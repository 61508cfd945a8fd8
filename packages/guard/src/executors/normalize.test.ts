import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failed } from './executor.ts';
import { normalizeExecution, type MeasuredRun } from './normalize.ts';

const measured: MeasuredRun = { durationMs: 5, resultBytesMax: 1_000 };
const ok = { success: true, result: 1, duration_ms: 2, stdout: 'a', stderr: 'b' };
const wrong = (answer: unknown): string | undefined => {
  const { success, error, error_type, error_code } = normalizeExecution(answer, measured);
  return success ? undefined : `${error_type} ${error_code}: ${error}`;
};

test('an answer with the eight keys and what was measured comes through, and nothing else does [F002-9] [F002-10] [F002-12] [F002-13] [F002-14]', () => {
  const more = { cpu_ms: 1, peak_rss_bytes: 2, tokens_total: 3, cost_usd: 0.5 };
  expect(normalizeExecution({ ...ok, ...more, error: 'x', extra: 1 }, measured)).toEqual({ ...ok, ...more });
  const failure = failed('timeout', 'too slow', { durationMs: 5, stdout: 'x' });
  expect(normalizeExecution({ ...failure, result: 7 }, measured)).toEqual(failure);
});

test('what is left out has its default, and null stands for left out [F002-11] [F002-15] [F002-16]', () => {
  expect(normalizeExecution({ success: true, stdout: null, error: null }, measured)).toEqual({
    ...{ success: true, result: null, duration_ms: 5, stdout: '', stderr: '' },
  });
  expect(normalizeExecution({ success: false, error_type: 'process_exit' }, measured)).toMatchObject({
    error: 'the executor gives no reason',
    error_code: 'SANDBOX_EXIT_CODE',
  });
  expect(normalizeExecution({ success: false, error_type: 'toString' }, measured)).not.toHaveProperty('error_code');
});

test('a time longer than the one measured is not believed', () => {
  expect(normalizeExecution({ ...ok, duration_ms: 900 }, measured).duration_ms).toBe(5);
});

const cycle: unknown[] = [];
cycle.push(cycle);
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

test.for<[unknown, string]>([
  [undefined, 'the answer is undefined; expected an object with success'],
  [[], 'the answer is a list; expected an object with success'],
  [{}, 'success is undefined; expected true or false'],
  [{ success: 1 }, 'success is a number; expected true or false'],
  [{ ...ok, stdout: 7 }, 'stdout is a number; expected a text'],
  [{ ...ok, duration_ms: -1 }, 'duration_ms is -1; expected a number from 0 up'],
  [{ ...ok, cost_usd: Number.NaN }, 'cost_usd is NaN; expected a number from 0 up'],
  [{ success: false, error: {} }, 'error is an object; expected a text'],
  [{ ...ok, result: { a: [1, undefined] } }, 'result.a[1] is undefined, which is no JSON'],
  [{ ...ok, result: 1n }, 'result is a bigint, which is no JSON'],
  [{ ...ok, result: new Date(0) }, 'result is an object, which is no JSON'],
  [{ ...ok, result: Number.POSITIVE_INFINITY }, 'result is Infinity, which is no JSON'],
  [{ ...ok, result: 'x'.repeat(1_001) }, 'the result is larger than it may be; the bytes ran out at result'],
  [
    Object.defineProperty({}, 'success', {
      get: () => {
        throw new Error('boo');
      },
    }),
    'the answer cannot be read: reading it throws',
  ],
])('what is wrong is said with its place: %#', ([answer, message]) => {
  expect(wrong(answer)).toBe(`parse_error SANDBOX_PARSE_ERROR: ${message}`);
});

test('64 levels are a result, and what is deeper or contains itself is none', () => {
  expect(wrong({ ...ok, result: deep(64) })).toBeUndefined();
  expect(wrong({ ...ok, result: deep(65) })).toContain('is nested more than 64 levels deep');
  expect(wrong({ ...ok, result: cycle })).toContain('is nested more than 64 levels deep');
});

test('texts are clipped and hold no escape codes', () => {
  const { stdout } = normalizeExecution(
    { ...ok, stdout: `\u001b[31mred\u001b[0m\u0000\t\n${'é'.repeat(40_000)}` },
    measured,
  );
  expect(stdout.startsWith('red\t\né')).toBe(true);
  expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(65_536);
  expect(stdout).not.toContain('\uFFFD');
  const { error } = normalizeExecution({ success: false, error: 'x'.repeat(3_000) }, measured);
  expect(error).toHaveLength(2_000);
});

test('keys that would reach a prototype are dropped', () => {
  const result: unknown = JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":{}},"b":{"constructor":1}}');
  expect(normalizeExecution({ ...ok, result }, measured).result).toEqual({ b: { constructor: 1 } });
});

/** Whatever a language can make: also what throws when it is looked at. */
const hostile = fc.oneof(
  fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  fc.anything().map(
    (target) =>
      new Proxy(Object(target) as object, {
        get: () => {
          throw new Error('no');
        },
      }),
  ),
  fc.constantFrom<unknown>(
    Symbol('s'),
    () => 1,
    cycle,
    Array(2 ** 32 - 1),
    new Proxy([], { get: (_target, key) => (key === 'length' ? 2 ** 53 : 0) }),
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    ),
    Proxy.revocable({}, {}).proxy,
  ),
);
const answers = fc.oneof(
  hostile,
  fc.record(
    {
      success: fc.oneof(fc.boolean(), hostile),
      result: fc.oneof(fc.jsonValue(), hostile),
      error: fc.oneof(fc.string({ unit: 'binary' }), hostile),
      duration_ms: fc.oneof(fc.double(), hostile),
      stdout: fc.oneof(fc.string({ unit: 'binary' }), hostile),
      stderr: fc.string({ unit: fc.constantFrom('\u001b', '[', '3', '1', 'm', '\u009b', '\ud800', 'x') }),
      error_type: fc.oneof(fc.string(), fc.constantFrom('timeout', '__proto__')),
      cpu_ms: fc.oneof(fc.double(), hostile),
    },
    { requiredKeys: ['success'] },
  ),
);

test('whatever is answered becomes an execution that is JSON, and reading it again changes nothing', () => {
  fc.assert(
    fc.property(answers, (answer) => {
      const once = normalizeExecution(answer, measured);
      expect(typeof once.success).toBe('boolean');
      expect(once.duration_ms >= 0 && once.duration_ms <= 5).toBe(true);
      expect(isDeepStrictEqual(JSON.parse(JSON.stringify(once)), once)).toBe(true);
      expect(isDeepStrictEqual(normalizeExecution(once, measured), once)).toBe(true);
    }),
  );
});
