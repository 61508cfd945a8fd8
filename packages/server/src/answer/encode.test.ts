import { callError } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { encodeOutcome, outcomeOf } from './encode.ts';

const place = { plugin: 'weather', target: 'today' };

function retryAfter(error: Parameters<typeof outcomeOf>[0]): string | undefined {
  return encodeOutcome(outcomeOf(error, place)).headers['retry-after'];
}

test('an open breaker says in Retry-After how long it holds calls back, in whole seconds', () => {
  const limit = { name: 'retry_after_ms', allowed: 0, observed: 7_001, unit: 'ms' };
  expect(retryAfter(callError('BREAKER_OPEN', { limit }))).toBe('8');
});

test('a quota says in Retry-After when it lets a call in again', () => {
  const limit = { name: 'cpu_seconds_per_minute', allowed: 10, observed: 12, unit: 's' };
  expect(retryAfter(callError('TENANT_QUOTA_EXCEEDED', { limit, retryAfterMs: 12_001 }))).toBe('13');
  expect(retryAfter(callError('TENANT_QUOTA_EXCEEDED', { limit }))).toBe('1');
});

test('what holds until an administrator reloads is worth asking again in a while', () => {
  expect(retryAfter(callError('BREAKER_OPEN'))).toBe('5');
});

test('what cannot get better by waiting has no Retry-After', () => {
  expect(retryAfter(callError('PARAMS_INVALID'))).toBeUndefined();
});
