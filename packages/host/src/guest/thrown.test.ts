import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ToolReportedError } from './adapt/tool.ts';
import { describeThrown } from './thrown.ts';

const throws = (): never => {
  throw new Error('from a trap');
};
const coded = (code: string, message = 'no'): Error => Object.assign(new Error(message), { code });

const hostile: readonly (readonly [string, unknown, object])[] = [
  ['null', null, { name: 'null', message: 'null' }],
  ['undefined', undefined, { name: 'undefined', message: 'undefined' }],
  ['a text', 'no', { name: 'string', message: 'no' }],
  ['a symbol', Symbol('s'), { name: 'symbol', message: 'Symbol(s)' }],
  [
    'an object of no prototype',
    Object.create(null),
    { name: 'object', message: 'a thrown value that cannot be shown as text' },
  ],
  [
    'getters that throw',
    Object.defineProperties(
      {},
      { message: { get: throws }, name: { get: throws }, stack: { get: throws }, code: { get: throws } },
    ),
    { name: 'object', message: '[object Object]' },
  ],
  [
    'a Proxy whose every trap throws',
    new Proxy({}, { get: throws, has: throws, getPrototypeOf: throws, ownKeys: throws }),
    { name: 'object', message: 'a thrown value that cannot be shown as text' },
  ],
  [
    'fields that are no text',
    { name: 1, message: {}, stack: [], code: null },
    { name: 'object', message: '[object Object]' },
  ],
  ['a function', throws, { name: 'throws' }],
];

test.each(hostile)('[FAULTS-53] what is thrown is %s, and it is told in text', (_, thrown, error) => {
  const described = describeThrown(thrown, 'PLUGIN_THREW');
  expect(described.code).toBe('PLUGIN_THREW');
  expect(described.error).toMatchObject(error);
  expect(() => JSON.stringify(described)).not.toThrow();
});

test('[FAULTS-53] whatever is thrown, it is told in bounded text', () => {
  fc.assert(
    fc.property(fc.anything({ withProxy: false, withNullPrototype: true, withBigInt: true } as object), (thrown) => {
      const { error } = describeThrown(thrown, 'PLUGIN_THREW');
      expect(error.name.length).toBeLessThanOrEqual(101);
      expect(error.message.length).toBeLessThanOrEqual(2_001);
    }),
  );
});

test('long texts are cut', () => {
  const error = new Error('m'.repeat(10_000));
  error.name = 'n'.repeat(1_000);
  error.stack = 's'.repeat(100_000);
  const told = describeThrown(error, 'PLUGIN_THREW').error;
  expect([told.name.length, told.message.length, told.stack?.length]).toEqual([101, 2_001, 8_001]);
});

const codes: readonly (readonly [string, unknown, string])[] = [
  ['[FAULTS-67] an import that was refused', coded('IMPORT_REFUSED'), 'IMPORT_REFUSED'],
  ['a right that Node refuses', coded('ERR_ACCESS_DENIED'), 'ACCESS_REFUSED'],
  ['a right that the kernel refuses', coded('EACCES'), 'ACCESS_REFUSED'],
  ['the kernel’s other refusal', coded('EPERM'), 'ACCESS_REFUSED'],
  ['[FAULTS-65] an add-on', coded('ERR_DLOPEN_DISABLED'), 'ACCESS_REFUSED'],
  ['[FAULTS-71] made code', new EvalError('no'), 'ACCESS_REFUSED'],
  [
    '[FAULTS-21] an array buffer that is too large',
    new RangeError('Array buffer allocation failed'),
    'GUEST_OUT_OF_MEMORY',
  ],
  ['[FAULTS-21] a buffer that is too large', coded('ERR_MEMORY_ALLOCATION_FAILED'), 'GUEST_OUT_OF_MEMORY'],
  ['[FAULTS-21] wasm memory', new RangeError('WebAssembly.Memory(): could not allocate memory'), 'GUEST_OUT_OF_MEMORY'],
  ['[FAULTS-23] a stack that is full', new RangeError('Maximum call stack size exceeded'), 'LOAD_FAILED'],
  ['a code of the host’s', coded('HOST_CLOSED'), 'LOAD_FAILED'],
];

test.each(codes)('%s is told by its code', (_, thrown, code) => {
  expect(describeThrown(thrown, 'LOAD_FAILED').code).toBe(code);
});

test('what a tool reports keeps its metadata, and what only says so does not', () => {
  expect(describeThrown(new ToolReportedError('no', { a: 1 }), 'PLUGIN_THREW')).toMatchObject({
    code: 'TOOL_REPORTED_ERROR',
    metadata: { a: 1 },
  });
  expect(describeThrown({ name: 'ToolReportedError', message: 'no', metadata: { a: 1 } }, 'PLUGIN_THREW')).toEqual({
    code: 'PLUGIN_THREW',
    error: { name: 'ToolReportedError', message: 'no' },
  });
});

test('[F000-16] what a provider refused is told with its status and when to come again', () => {
  const refusal = (fields: object): Error =>
    Object.assign(new Error('slow down'), { name: 'ProviderError', ...fields });
  expect(describeThrown(refusal({ status: 429, retryAfterMs: 1_500 }), 'PLUGIN_THREW')).toMatchObject({
    code: 'PROVIDER_REFUSED',
    error: { message: 'slow down' },
    metadata: { status: 429, retry_after_ms: 1_500 },
  });
  for (const odd of [
    {},
    { status: '429', retryAfterMs: Number.NaN },
    Object.defineProperty({}, 'status', { get: throws }),
  ])
    expect(describeThrown(refusal(odd), 'PLUGIN_THREW').metadata).toBeUndefined();
  expect(describeThrown(refusal({ status: 429 }), 'INIT_FAILED').code).toBe('INIT_FAILED');
});

test('that an MCP server lists other tools is told by a code of its own', () => {
  const changed = Object.assign(new Error('changed: "say"'), { name: 'McpToolsChangedError' });
  expect(describeThrown(changed, 'PLUGIN_THREW')).toMatchObject({ code: 'MCP_TOOLS_CHANGED' });
  expect(describeThrown(changed, 'INIT_FAILED')).toMatchObject({ code: 'INIT_FAILED' });
});
