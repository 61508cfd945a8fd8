import { expect, test } from 'vitest';
import { HostError } from '../base/host-error.ts';
import { assertGivenTask } from './check-given-task.ts';

const GOOD = {
  kind: 'execute',
  payload: { n: 1 },
  requires: ['cpu', 'cuda12'],
  priority: -100,
  deadline: '2026-01-01T12:00:00Z',
  max_retry: 0,
  id: '0123456789abcdef',
};

function refusalOf(given: Readonly<Record<string, unknown>>): HostError | undefined {
  try {
    assertGivenTask(given);
    return undefined;
  } catch (error) {
    return error instanceof HostError ? error : undefined;
  }
}

test('a task within the bounds is taken, with all fields or with its kind alone', () => {
  expect(() => assertGivenTask(GOOD)).not.toThrow();
  expect(() => assertGivenTask({ kind: 'render' })).not.toThrow();
});

const TAG = 'expected a tag of a-z, 0-9, "-" and "_" such as "docker", at most 64 characters';
const TAGS = Array.from({ length: 17 }, (_, index) => `t${index}`);

test.each([
  [{ kind: 'cook' }, 'field "kind" is "cook"; expected one of '],
  [{ kind: undefined }, 'field "kind" is missing; expected one of '],
  [{ payload: [1] }, 'field "payload" is [1]; expected an object'],
  [{ requires: 'gpu' }, 'field "requires" is "gpu"; expected a list of at most 16 tags'],
  [{ requires: TAGS }, 'field "requires" has 17 tags; expected at most 16'],
  [{ requires: ['cpu', 'GPU'] }, `field "requires" has "GPU"; ${TAG}`],
  [{ requires: ['cpu', 7] }, `field "requires" has 7; ${TAG}`],
  [{ requires: ['cpu', 'cpu'] }, 'field "requires" has "cpu" twice; expected each tag once'],
  [{ priority: 101 }, 'field "priority" is 101; expected a whole number from -100 to 100'],
  [{ priority: '7' }, 'field "priority" is "7"; expected a whole number from -100 to 100'],
  [{ max_retry: 0.5 }, 'field "max_retry" is 0.5; expected a whole number from 0 to 100'],
  [{ deadline: 'tomorrow' }, 'field "deadline" is "tomorrow"; expected a time such as "2026-01-01T12:00:00Z"'],
  [{ deadline: '2026-02-31T12:00:00Z' }, 'field "deadline" is "2026-02-31T12:00:00Z"; expected a time such as'],
  [{ id: 'ABCDEF0123456789' }, 'field "id" is "ABCDEF0123456789"; expected 16 to 128 hexadecimal digits in lower case'],
  [{ id: '12' }, 'field "id" is "12"; expected 16 to 128 hexadecimal digits in lower case'],
  [{ tenant_id: 'default' }, 'field "tenant_id" is none of its fields; expected kind, payload, requires, '],
])('a task with %j is refused with the field, the value and what was expected [X000-7]', (wrong, message) => {
  const refused = refusalOf({ ...GOOD, ...wrong });
  expect(refused).toMatchObject({ code: 'VALIDATION_FAILED', message: expect.stringContaining(message) });
  expect(refused?.message).toMatch(/^the task’s field "/);
  expect(refused?.hint).toContain('give the task again');
});

test('a value is shown cut, with nothing that a terminal would obey', () => {
  const { message = '' } = refusalOf({ ...GOOD, id: `\u001B[31m${'x'.repeat(1_000)}` }) ?? {};
  expect(message.length).toBeLessThan(250);
  expect(message).not.toContain('\u001B');
});

test('a payload that has no room in a task of JSON is refused, and not taken for a fault of ours', () => {
  const wide = { text: Array.from({ length: 199_990 }, () => 0) };
  expect(refusalOf({ ...GOOD, payload: wide })?.message).toContain('field "payload" has at least ');
  expect(refusalOf({ ...GOOD, payload: wide })?.message).toContain('keys and items; expected at most ');
});
