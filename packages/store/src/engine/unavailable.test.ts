import { HostError } from '@bulkhead/host';
import { expect, test } from 'vitest';
import { isConnectionLost, isUnavailable, toStorageFault } from './unavailable.ts';

function coded(code: string): Error {
  return Object.assign(new Error('as the driver says'), { code });
}

test.each(['08006', '57P01', '57P03', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'ETIMEDOUT', '58P01'])(
  '%s: the database is away, and so is the connection',
  (code) => {
    expect([isUnavailable(coded(code)), isConnectionLost(coded(code))]).toEqual([true, true]);
  },
);

test.each(['53100', '53300', '57014', '25006'])('%s: the database cannot, and its connection is whole', (code) => {
  expect([isUnavailable(coded(code)), isConnectionLost(coded(code))]).toEqual([true, false]);
});

test.each(['Connection terminated unexpectedly', 'Query read timeout', 'timeout exceeded when trying to connect'])(
  'pg has no code for "%s"',
  (message) => {
    expect([isUnavailable(new Error(message)), isConnectionLost(new Error(message))]).toEqual([true, true]);
  },
);

test.each([coded('23505'), coded('42P01'), coded('40001'), new Error('Connection'), 'text', undefined])(
  'an answer passes as it is: %s',
  (error) => {
    expect(isUnavailable(error)).toBe(false);
    expect(toStorageFault(error)).toBe(error);
  },
);

test('who is told that the storage is away reads no address, and the log has the cause', () => {
  const error = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' });
  const fault = toStorageFault(error);
  expect(fault).toBeInstanceOf(HostError);
  expect(fault).toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: error, details: { code: 'ECONNREFUSED' } });
  expect(String(fault)).not.toContain('10.0.0.1');
  expect(toStorageFault(fault)).toBe(fault);
});
