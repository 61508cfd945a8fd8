import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERRORS, type ErrorCode } from './errors.ts';
import { LIMITS } from './limits.ts';
import { parseGuestMessage, type GuestMessage } from './messages.ts';

const error = { name: 'Error', message: 'no' };
const tool = {
  name: 'add',
  description: 'Adds.',
  parameters: { type: 'object' },
  idempotent: false,
  needs_approval: false,
  required_permissions: ['math:calculate'],
};
const ready = { t: 'ready', metadata: {}, tools: [tool], hooks: ['on_error'], exports: ['f'], has_health_check: true };

const GOOD: readonly GuestMessage[] = [
  { t: 'hello', protocol: 1, node: 'v26.0.0' },
  ready as GuestMessage,
  { t: 'failed', code: 'INIT_FAILED', error },
  { t: 'ok', id: 1, value: { result: 5 }, written: 0 },
  { t: 'ok', id: 2, value: null, metadata: { operation: 'add' }, written: 7 },
  { t: 'err', id: 3, code: 'PLUGIN_THREW', error: { ...error, stack: 'at x' }, written: 0 },
  { t: 'err', id: 4, code: 'TOOL_REPORTED_ERROR', error, metadata: { operation: 'divide' }, written: 0 },
  { t: 'begun', ids: [1, 2] },
  { t: 'dying', code: 'GUEST_OUT_OF_MEMORY', error },
  { t: 'dying', code: 'GUEST_UNCAUGHT', error, id: 9 },
  { t: 'log', level: 'info', message: 'hello', fields: { n: 1 } },
  { t: 'ask', id: 5, event: 4, service: 'events', method: 'publish', args: {} },
  { t: 'heard', id: 4 },
];

test.for(GOOD)('a message of the contract is taken as it is: $t', (message) => {
  expect(parseGuestMessage(JSON.parse(JSON.stringify(message)))).toEqual(message);
});

test('any JSON at all is a message or undefined, never a throw [FAULTS-42]', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const message = parseGuestMessage(value);
      expect(message === undefined || typeof message.t === 'string').toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('a good message with one field changed is a message of the same kind or undefined, never a throw [FAULTS-42]', () => {
  const field = fc.constantFrom(
    't',
    'id',
    'code',
    'error',
    'value',
    'metadata',
    'tools',
    'hooks',
    'exports',
    'level',
    'message',
    'ids',
    'written',
  );
  fc.assert(
    fc.property(fc.constantFrom(...GOOD), field, fc.jsonValue(), (good, name, value) => {
      const message = parseGuestMessage(JSON.parse(JSON.stringify({ ...good, [name]: value })));
      expect(name === 't' || message === undefined || message.t === good.t).toBe(true);
      expect(message === undefined || !('code' in message) || Object.hasOwn(ERRORS, message.code)).toBe(true);
    }),
    { numRuns: 4_000 },
  );
});

test('a field that is not of the contract does not pass through', () => {
  expect(parseGuestMessage({ t: 'ok', id: 1, value: 1, duration_ms: 0, tier: 'jail' })).toEqual({
    t: 'ok',
    id: 1,
    value: 1,
    written: 0,
  });
});

test.for([0, -1, 1.5, '1', null, 2 ** 53, true, [1]])('a call has no id %j [FAULTS-44]', (id) => {
  expect(parseGuestMessage({ t: 'ok', id, value: 1 })).toBeUndefined();
  expect(parseGuestMessage({ t: 'err', id, code: 'PLUGIN_THREW', error })).toBeUndefined();
});

test.for(['ok', 'err', 'failed', 'dying', 'call', 'bind', '__proto__', '', 5])(
  'a %j without its fields is no message [FAULTS-42]',
  (t) => {
    expect(parseGuestMessage({ t })).toBeUndefined();
  },
);

/** Kinds that a guest could gain by: the plugin would not be counted as having failed. */
const FLATTERING = new Set([
  'invalid_input',
  'denied',
  'over_quota',
  'overloaded',
  'cancelled',
  'breaker_open',
  'disabled',
  'host_restart',
]);

test('a guest can give its call no code that would not count against it [decision 15]', () => {
  const taken = Object.keys(ERRORS).filter((code) => parseGuestMessage({ t: 'err', id: 1, code, error }) !== undefined);
  expect(taken).not.toEqual([]);
  expect(taken.filter((code) => FLATTERING.has(ERRORS[code as ErrorCode].kind))).toEqual([]);
});

test.for(['CALL_TIMEOUT', 'HOST_CLOSED', 'PARAMS_INVALID', 'constructor', '__proto__', '', 5, null])(
  'the code %j is not a guest’s to give',
  (code) => {
    for (const t of ['err', 'failed', 'dying']) expect(parseGuestMessage({ t, id: 1, code, error })).toBeUndefined();
  },
);

test('texts of a guest are clipped to their limits [FAULTS-53]', () => {
  const long = 'x'.repeat(100_000);
  const err = parseGuestMessage({
    t: 'err',
    id: 1,
    code: 'PLUGIN_THREW',
    error: { name: long, message: long, stack: long },
  });
  const log = parseGuestMessage({ t: 'log', level: 'info', message: long });
  expect(err).toMatchObject({
    error: {
      name: `${'x'.repeat(128)}…`,
      message: `${'x'.repeat(LIMITS.error_text_characters.value)}…`,
      stack: `${'x'.repeat(LIMITS.stack_characters.value)}…`,
    },
  });
  expect(log).toMatchObject({ message: `${'x'.repeat(LIMITS.log_line_characters.value)}…` });
});

test('a call that is still running is named by its id, and a wrong list of ids is none', () => {
  for (const ids of [[0], ['1'], 5, null, Array.from({ length: 1_025 }, () => 1)]) {
    expect(parseGuestMessage({ t: 'begun', ids })).toBeUndefined();
  }
});

test('what a guest says it has written is a count of bytes or nothing', () => {
  for (const written of [-1, 1.5, '9', null, {}])
    expect(parseGuestMessage({ t: 'ok', id: 1, value: 1, written })).toMatchObject({ written: 0 });
});

test.for([
  { ...ready, tools: [{ ...tool, parameters: 5 }] },
  { ...ready, tools: [{ ...tool, required_permissions: [5] }] },
  { ...ready, tools: [{ ...tool, returns: [] }] },
  { ...ready, tools: [null] },
  { ...ready, tools: Array.from({ length: 257 }, () => tool) },
  { ...ready, hooks: [1] },
  { ...ready, exports: 'all' },
  { ...ready, has_health_check: 'yes' },
  { ...ready, metadata: [] },
])('a ready message of the wrong shape is none', (message) => {
  expect(parseGuestMessage(message)).toBeUndefined();
});
