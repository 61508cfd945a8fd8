import type * as sdk from '@bulkhead/sdk';
import { expect, expectTypeOf, test } from 'vitest';
import {
  isMonitor,
  type MonitorAlert,
  type MonitorContext,
  type MonitorRecord,
  type MonitorSummary,
} from './monitor.ts';

const METHODS = { start: () => {}, record: () => {}, finalize: () => ({}), identifier: () => 'mine' };

test('[F002-22, F002-23, F002-24, X002-11] what a monitor takes and gives is what a plugin takes and gives', () => {
  expectTypeOf<MonitorContext>().toEqualTypeOf<sdk.MonitorContext>();
  expectTypeOf<MonitorRecord>().toEqualTypeOf<sdk.MonitorRecord>();
  expectTypeOf<MonitorSummary>().toEqualTypeOf<sdk.MonitorSummary>();
  expectTypeOf<MonitorAlert>().toEqualTypeOf<sdk.MonitorAlert>();
  expect(isMonitor(METHODS)).toBe(true);
});

test('[F002-20] any object with the four methods is a monitor, its own or of a class', () => {
  class Mine {
    start(): void {}
    record(): void {}
    finalize(): object {
      return {};
    }
    identifier(): string {
      return this.constructor.name;
    }
  }
  expect(isMonitor(new Mine())).toBe(true);
  expect(isMonitor(Object.assign(() => {}, METHODS))).toBe(true);
});

test.each(Object.keys(METHODS))('[F002-20] without %s it is none', (missing) => {
  expect(isMonitor({ ...METHODS, [missing]: undefined })).toBe(false);
  expect(isMonitor({ ...METHODS, [missing]: 'text' })).toBe(false);
});

test.each([[undefined], [null], ['text'], [7], [[]]])('%s is no monitor', (value) => {
  expect(isMonitor(value)).toBe(false);
});

test('an object whose getter throws is no monitor', () => {
  const hostile = new Proxy(METHODS, {
    get: () => {
      throw new Error('not yours');
    },
  });
  expect(isMonitor(hostile)).toBe(false);
});
