import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRequestCutter } from './wire-requests.ts';

/** A message as the protocol writes it: its name, the length of the rest, the rest. The first has no name. */
function message(name: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(name.length + 4);
  head.write(name, 'latin1');
  head.writeUInt32BE(body.length + 4, name.length);
  return Buffer.concat([head, body]);
}

const startup = fc.uint8Array({ maxLength: 40 }).map((body) => message('', body));
const inner = fc
  .tuple(fc.constantFrom('P', 'B', 'D', 'E', 'C'), fc.uint8Array({ maxLength: 40 }))
  .map(([name, body]) => message(name, body));
const last = fc
  .tuple(fc.constantFrom('S', 'Q', 'X'), fc.uint8Array({ maxLength: 20 }))
  .map(([name, body]) => message(name, body));
const request = fc.tuple(fc.array(inner, { maxLength: 5 }), last).map(([first, end]) => Buffer.concat([...first, end]));

test('however the bytes are cut, each request comes out whole, once and in order', () => {
  fc.assert(
    fc.property(startup, fc.array(request), fc.array(fc.nat()), (first, requests, cuts) => {
      const bytes = Buffer.concat([first, ...requests]);
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
      const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      const cut = createRequestCutter();
      expect(pieces.flatMap((piece) => cut(piece).map((each) => Buffer.from(each)))).toEqual([first, ...requests]);
    }),
  );
});

test('a request that lacks its last byte is kept until it comes', () => {
  const cut = createRequestCutter();
  const bytes = Buffer.concat([
    message('', Buffer.alloc(2)),
    message('P', Buffer.from('select')),
    message('S', Buffer.alloc(0)),
  ]);
  expect(cut(bytes.subarray(0, -1))).toHaveLength(1);
  expect(cut(bytes.subarray(-1))).toHaveLength(1);
});
