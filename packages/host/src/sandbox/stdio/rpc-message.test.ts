import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRpcLine } from './rpc-message.ts';

const read = (value: unknown) => readRpcLine(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

test('the four shapes of JSON-RPC are read, and nothing else of what they hold', () => {
  expect(read({ jsonrpc: '2.0', id: 1, result: { a: 1 } })).toMatchObject({
    message: { kind: 'result', result: { a: 1 } },
  });
  expect(read({ jsonrpc: '2.0', id: 1, error: { code: -1, message: 'no', data: {} } })).toEqual({
    ok: true,
    message: { kind: 'error', id: 1, code: -1, message: 'no' },
  });
  expect(read({ jsonrpc: '2.0', id: 'x', method: 'ping' })).toEqual({
    ok: true,
    message: { kind: 'request', id: 'x', method: 'ping', params: {} },
  });
  expect(read({ jsonrpc: '2.0', method: 'n', params: { a: 1 } })).toMatchObject({ message: { kind: 'notification' } });
});

test.each([
  ['text', 'hello', 'FRAME_MALFORMED'],
  ['half of a message', '{"jsonrpc":"2.0"', 'FRAME_MALFORMED'],
  ['a batch', [{ jsonrpc: '2.0', method: 'n' }], 'FRAME_SCHEMA'],
  ['another version', { jsonrpc: '1.0', id: 1, result: 1 }, 'FRAME_SCHEMA'],
  ['an answer to nobody', { jsonrpc: '2.0', result: 1 }, 'FRAME_SCHEMA'],
  ['an answer to a text', { jsonrpc: '2.0', id: '1', result: 1 }, 'FRAME_SCHEMA'],
  ['an answer that is both', { jsonrpc: '2.0', id: 1, result: 1, error: { code: 1, message: '' } }, 'FRAME_SCHEMA'],
  ['an error without a message', { jsonrpc: '2.0', id: 1, error: { code: 1 } }, 'FRAME_SCHEMA'],
  ['parameters that are no object', { jsonrpc: '2.0', method: 'n', params: [1] }, 'FRAME_SCHEMA'],
  ['a method of 129 characters', { jsonrpc: '2.0', method: 'n'.repeat(129) }, 'FRAME_SCHEMA'],
  ['too many levels', `{"jsonrpc":"2.0","id":1,"result":${'['.repeat(70)}${']'.repeat(70)}}`, 'FRAME_SCHEMA'],
])('[FAULTS-43] %s breaks the protocol', (_, value, code) => {
  expect(read(value)).toMatchObject({ ok: false, error: { kind: 'protocol_violation', code } });
});

test('[FAULTS-52] keys that reach a prototype are removed', () => {
  const line = '{"jsonrpc":"2.0","id":1,"result":{"__proto__":{"polluted":1},"constructor":{"prototype":{}},"a":1}}';
  expect(read(line)).toMatchObject({ message: { result: { a: 1 } } });
  const answer = read(line);
  expect(answer.ok && answer.message.kind === 'result' ? JSON.stringify(answer.message.result) : '').toBe('{"a":1}');
});

test('whatever a line holds is a message or a violation, and never a throw', () => {
  const shape = fc.record(
    {
      jsonrpc: fc.constantFrom('2.0', '1.0', 2),
      id: fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null), fc.jsonValue()),
      method: fc.oneof(fc.string(), fc.jsonValue()),
      params: fc.jsonValue(),
      result: fc.jsonValue(),
      error: fc.oneof(fc.record({ code: fc.integer(), message: fc.string() }), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        shape.map((value) => JSON.stringify(value)),
      ),
      (text) => {
        const answer = read(text);
        expect(answer.ok || answer.error.kind === 'protocol_violation').toBe(true);
      },
    ),
  );
});
