import { parseGuestMessage } from '@bulkhead/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errMessage, okMessage } from './reply.ts';

const parse = (json: string): unknown => parseGuestMessage(JSON.parse(json));
const ok = (value: unknown, bytesMax = 1_000): unknown => parse(okMessage(1, { value }, bytesMax));

test('every result that is JSON is written as JSON.stringify would, and is read as a reply', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(ok(value, 1e9)).toEqual({ t: 'ok', id: 1, value: JSON.parse(JSON.stringify(value)), written: 0 });
    }),
  );
});

const cycle: { self?: unknown } = {};
cycle.self = cycle;
const throwing = {
  get a(): never {
    throw new Error('getter');
  },
};
const toJson = {
  toJSON: (): never => {
    throw new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('trap');
        },
      },
    ) as Error; // Hostile, whatever its type.
  },
};
const proxy = new Proxy(
  {},
  {
    ownKeys: (): never => {
      throw new Error('trap');
    },
  },
);

const odd: readonly (readonly [string, unknown, string])[] = [
  ['[FAULTS-48] a cycle', cycle, 'RESULT_UNSERIALIZABLE'],
  ['[FAULTS-48] a BigInt', 1n, 'RESULT_UNSERIALIZABLE'],
  ['[FAULTS-48] a getter that throws', throwing, 'RESULT_UNSERIALIZABLE'],
  ['[FAULTS-48] a toJSON that throws what throws', toJson, 'RESULT_UNSERIALIZABLE'],
  ['[FAULTS-48] a Proxy that throws', proxy, 'RESULT_UNSERIALIZABLE'],
  ['[FAULTS-47] a text above the bound', 'x'.repeat(999), 'RESULT_TOO_LARGE'],
  ['[FAULTS-47] a text whose UTF-8 is above the bound', '€'.repeat(400), 'RESULT_TOO_LARGE'],
];

test.each(odd)('%s is an error of the result', (_, value, code) => {
  expect(ok(value)).toMatchObject({ t: 'err', id: 1, code });
});

test('a result of exactly the bound is sent', () => {
  expect(ok('x'.repeat(998))).toMatchObject({ t: 'ok' });
});

test('[FAULTS-49] what JSON has no word for is null', () => {
  for (const value of [undefined, () => 1, Symbol('s'), NaN, Infinity])
    expect(ok(value)).toMatchObject({ value: null });
});

test('metadata that cannot be written makes the whole result unwritable, and an error only loses it', () => {
  expect(parse(okMessage(1, { value: 1, metadata: cycle }, 1_000))).toMatchObject({ code: 'RESULT_UNSERIALIZABLE' });
  const error = { code: 'TOOL_REPORTED_ERROR', error: { name: 'E', message: 'm' } } as const;
  for (const metadata of [cycle, 'x'.repeat(9_000)]) {
    expect(parse(errMessage(1, { ...error, metadata }))).not.toHaveProperty('metadata');
  }
  expect(parse(errMessage(1, { ...error, metadata: { a: 1 } }))).toMatchObject({ metadata: { a: 1 } });
});
