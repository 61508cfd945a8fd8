import { expect, test } from 'vitest';
import { isMonitor } from './monitor.ts';

const METHODS = { start: () => {}, record: () => {}, finalize: () => ({}), identifier: () => 'mine' };

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
  expect(isMonitor(METHODS)).toBe(true);
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
