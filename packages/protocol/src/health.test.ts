import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HEALTH_NOT_IMPLEMENTED, HEALTH_STATUSES, parseHealthReport } from './health.ts';

test.for(HEALTH_STATUSES)('%s is a status that a plugin may say [F004-12] [X004-2]', (status) => {
  expect(parseHealthReport({ status, message: 'm', metrics: { a: 1 } })).toEqual({
    status,
    message: 'm',
    metrics: { a: 1 },
  });
});

test('message and metrics may be left out [F004-12]', () => {
  expect(parseHealthReport({ status: 'warning' })).toEqual({ status: 'warning', message: '', metrics: {} });
});

test.for([
  [null, 'healthCheck answered null'],
  [true, 'healthCheck answered true'],
  ['healthy', 'healthCheck answered "healthy"'],
  [[], 'healthCheck answered an array'],
  [{}, 'healthCheck answered the status nothing'],
  [{ status: 'disabled' }, 'healthCheck answered the status "disabled"'],
  [{ status: 'unknown' }, 'healthCheck answered the status "unknown"'],
  [{ status: 'healthy', message: 5 }, 'healthCheck answered the message 5'],
  [{ status: 'healthy', metrics: [1] }, 'healthCheck answered the metrics an array'],
] as const)(
  '%j is an error that says what was expected; the host’s words are not the plugin’s [X004-2]',
  ([value, what]) => {
    expect(parseHealthReport(value)).toEqual({
      status: 'error',
      message: `${what}; expected { status: "healthy" | "warning" | "error", message, metrics }`,
      metrics: {},
    });
  },
);

test('any JSON is a report of bounded size', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ maxLength: 5_000 }), (value, message) => {
      for (const report of [parseHealthReport(value), parseHealthReport({ status: 'healthy', message })]) {
        expect(HEALTH_STATUSES).toContain(report.status);
        expect(report.message.length).toBeLessThanOrEqual(2_000);
      }
    }),
  );
});

test('the host’s word for a plugin without a check is the contract’s [X004-2]', () => {
  expect(HEALTH_NOT_IMPLEMENTED).toBe('Health check not implemented');
});
